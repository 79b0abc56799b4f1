// The key-value layer's model, as judge-model.ts takes it.

import { versionOf, type KvTransaction } from '@streamy-db/kv'
import type { KvKey, KvResult } from '@streamy-db/kv'
import { KvModel } from '@streamy-db/kv/testing'
import type { Position } from '@streamy-db/core'
import { swapped, type EntryCall } from '../load/entry-operations.ts'
import type { LayerModel, ModelWord } from './judge-model.ts'

/** A space; see the header. */
export class EntryLayerModel implements LayerModel<EntryCall> {
  readonly #model = new KvModel()

  execute(call: EntryCall, position: Position, now: number): ModelWord {
    if (call.kind === 'swap') {
      const reply = this.#get(call.keys, now)
      this.#apply({ updates: [...swapped(call.keys, reply), { sum: call.marker, value: 1 }] }, position, now)
      return { reply, happens: true }
    }
    if (call.kind !== 'transact') throw new Error(`${call.kind} carries no mark.`)
    const reply = this.#apply(call.transaction, position, now)
    return { reply, happens: reply !== 'mismatch' && reply.ok }
  }

  read(call: EntryCall, now: number): unknown {
    if (call.kind === 'verify') return []
    if (call.kind === 'get') return this.#get(call.keys, now)
    if (call.kind !== 'list') throw new Error(`${call.kind} does not only read.`)
    const entries = this.#model.select(call.selector, now)
    return (call.reverse ? entries.toReversed() : entries).slice(0, call.limit)
  }

  #apply(transaction: KvTransaction, position: Position, now: number): ReturnType<KvModel['apply']> {
    return this.#model.apply(transaction, now, versionOf(position))
  }

  #get(keys: readonly KvKey[], now: number): readonly KvResult[] {
    const result = this.#model.apply({ gets: keys }, now, '')
    // Nothing was asserted, and only keys were read.
    return (result as Extract<typeof result, { ok: true }>).gets as readonly KvResult[]
  }
}
