// The document layer's model, as judge-model.ts takes it: two collections, and the entries that count moves between them.

import type { Position } from '@streamy-db/core'
import { CollectionModel, modelIndexes, type Plain, type RandomWrite } from '@streamy-db/documents/testing'
import { versionOf } from '@streamy-db/kv'
import { KvModel } from '@streamy-db/kv/testing'
import { uniqueIndexes, unmarked, type DocumentCall, type WriteCounts } from '../load/document-operations.ts'
import type { LayerModel, ModelWord } from './judge-model.ts'

type CallOf<Kind extends DocumentCall['kind']> = Extract<DocumentCall, { readonly kind: Kind }>

const everything = { filter: {}, sort: { _id: 1 }, skip: 0, limit: undefined } as const

/** Collections; see the header. */
export class DocumentLayerModel implements LayerModel<DocumentCall> {
  readonly #collections = { people: new CollectionModel(modelIndexes(uniqueIndexes)), former: new CollectionModel([]) }
  readonly #moves = new KvModel()

  execute(call: DocumentCall, position: Position, now: number): ModelWord {
    switch (call.kind) {
      case 'write':
        return wordOf(this.#write(call.writes))
      case 'findOneAndUpdate':
        return this.#findOneAndUpdate(call)
      case 'move':
        return this.#move(call, position, now)
      default:
        throw new Error(`${call.kind} carries no mark.`)
    }
  }

  read(call: DocumentCall, now: number): unknown {
    switch (call.kind) {
      case 'find':
        return this.#collections.people.find(call.query)
      case 'all':
        return this.#collections[call.collection].find(everything)
      case 'moves':
        return this.#moves.select({}, now)
      case 'verify':
        return []
      case 'createIndex':
      case 'dropIndex':
        return 'done'
      default:
        throw new Error(`${call.kind} does not only read.`)
    }
  }

  #write(writes: readonly RandomWrite[]): WriteCounts | string {
    const result = this.#collections.people.apply(
      writes,
      writes.map(() => ''),
    )
    if (typeof result === 'string') return result
    const sum = (of: 'matched' | 'modified', kinds: readonly RandomWrite['kind'][]): number =>
      result.reduce((total, counts, at) => total + (kinds.includes(writes[at]!.kind) ? counts[of] : 0), 0)
    return {
      inserted: writes.filter(({ kind }) => kind === 'insert').length,
      matched: sum('matched', ['update', 'replace']),
      modified: sum('modified', ['update', 'replace']),
      deleted: sum('modified', ['delete']),
    }
  }

  #findOneAndUpdate({ update, returns }: CallOf<'findOneAndUpdate'>): ModelWord {
    const { people } = this.#collections
    const [before] = people.find({ filter: update.filter, sort: update.sort, skip: 0, limit: 1 })
    const result = people.apply([update], [''])
    if (typeof result === 'string') return wordOf(result)
    return wordOf(returns === 'before' || before === undefined ? before : this.#get('people', before['_id']))
  }

  #move({ id, counters }: CallOf<'move'>, position: Position, now: number): ModelWord {
    const { people, former } = this.#collections
    const found = [this.#get('people', id), this.#get('former', id)] as const
    const [from, to] = found[0] === undefined ? [former, people] : [people, former]
    const document = found[0] ?? found[1]
    if (document !== undefined) {
      const inserted = to.apply([{ kind: 'insert', document: unmarked(document) }], [''])
      if (typeof inserted === 'string') return wordOf(inserted)
      from.apply([{ kind: 'delete', filter: { _id: id }, many: false, sort: { _id: 1 } }], [''])
    }
    this.#moves.apply({ updates: counters.map((sum) => ({ sum, value: 1 })) }, now, versionOf(position))
    return wordOf(found)
  }

  #get(collection: 'people' | 'former', id: unknown): Plain | undefined {
    return this.#collections[collection].find({ ...everything, filter: { _id: id } })[0]
  }
}

// A text is the name of the error that left everything as it was.
function wordOf(reply: unknown): ModelWord {
  return { reply, happens: typeof reply !== 'string' }
}
