// Operations of the document layer: writes by filters over a small collection, whose unique values collide, moves between
// two collections that are counted in a key-value entry, queries by each index, and an index that comes and goes. What
// changes documents is marked by its filter, its document or its entry; see judgement/operation-records.ts.

import {
  Collection,
  defineCollection,
  DuplicateKey,
  TransactionDocuments,
  type AnyDocument,
  type BulkWrite,
  type CollectionDefinition,
  type Filter,
  type IndexOptions,
  type UpdateResult,
} from '@streamy-db/documents'
import type { Plain, RandomQuery, RandomWrite } from '@streamy-db/documents/testing'
import { kvInTransaction, kvSpace, type KvKey } from '@streamy-db/kv'
import type { Database } from '@streamy-db/runtime'
import type { Dice } from '../../differential/dice.ts'
import type { MarkedCall } from '../judgement/judge-model.ts'
import { markOf } from '../judgement/operation-records.ts'
import { drawQuery, drawUpdate, drawPerson, drawWhom, personIds } from './people.ts'
import type { LaneCall, SharedNames } from './operations.ts'

export const movesSpaceName = 'moves'
export const uniqueIndexes: Readonly<Record<string, IndexOptions>> = {
  byEmail: { keys: { email: 1 }, unique: true, sparse: true },
}
const indexes: Readonly<Record<string, IndexOptions>> = {
  ...uniqueIndexes,
  byTeam: { keys: { team: 1, age: -1 } },
  byTags: { keys: { tags: 1 } },
}
export const collectionNames = ['people', 'former'] as const
export type CollectionName = (typeof collectionNames)[number]
const definitions: Readonly<Record<CollectionName, CollectionDefinition>> = {
  people: defineCollection<AnyDocument>('people', { indexes }),
  former: defineCollection<AnyDocument>('former', { indexes: { byTeam: indexes['byTeam']! } }),
}
/** The index that comes and goes. */
const passing = 'byAge'

type Update = Extract<RandomWrite, { readonly kind: 'update' }>

/** One call, as it is recorded and as the model takes it. */
export type DocumentCall =
  | (MarkedCall & { readonly kind: 'write'; readonly writes: readonly RandomWrite[] })
  | (MarkedCall & { readonly kind: 'findOneAndUpdate'; readonly update: Update; readonly returns: 'before' | 'after' })
  /** Moves a document to the other collection, from wherever it is, and counts that. */
  | (MarkedCall & { readonly kind: 'move'; readonly id: string; readonly counters: readonly KvKey[] })
  | (MarkedCall & { readonly kind: 'find'; readonly query: RandomQuery; readonly hint: string | undefined })
  | (MarkedCall & { readonly kind: 'all'; readonly collection: CollectionName })
  | (MarkedCall & { readonly kind: 'moves' })
  /** What is wrong with the indexes. */
  | (MarkedCall & { readonly kind: 'verify'; readonly collection: CollectionName })
  | (MarkedCall & { readonly kind: 'createIndex' | 'dropIndex' })

/** What writes came to. */
export interface WriteCounts {
  readonly inserted: number
  readonly matched: number
  readonly modified: number
  readonly deleted: number
}

/** Declares the indexes, before anything goes wrong: from then on no two people have the same address. */
export async function openCollections(db: Database): Promise<void> {
  for (const name of collectionNames) await collectionOf(db, name).ready()
}

/** Draws the calls of one lane. */
export class DocumentLane {
  readonly #dice: Dice
  readonly #shared: SharedNames

  constructor(dice: Dice, shared: SharedNames) {
    this.#dice = dice
    this.#shared = shared
  }

  next(): LaneCall {
    const call = this.#draw()
    return { call, run: async (db) => ({ reply: await runDocuments(db, call) }) }
  }

  #draw(): DocumentCall {
    const dice = this.#dice
    const mark = markOf(this.#shared.unique())
    const kind = dice.weighted({ write: 10, findOneAndUpdate: 3, move: 3, find: 5, verify: 0.5, index: 0.7 })
    switch (kind) {
      case 'write':
        return { kind, mark, writes: this.#writes(mark, dice.pick([1, 1, 1, 2, 3])) }
      case 'findOneAndUpdate':
        return { kind, mark, update: { ...this.#update(mark), many: false }, returns: dice.pick(['before', 'after']) }
      case 'move': {
        const id = dice.pick(personIds)
        return {
          kind,
          mark,
          id,
          counters: [
            ['moves', id],
            ['mark', mark],
          ],
        }
      }
      case 'find':
        return { kind, mark: undefined, ...drawQuery(dice) }
      case 'verify':
        return { kind, mark: undefined, collection: dice.pick(collectionNames) }
      default:
        return { kind: dice.pick(['createIndex', 'dropIndex']), mark: undefined }
    }
  }

  #writes(mark: string, count: number): readonly RandomWrite[] {
    return Array.from({ length: count }, () => this.#write(mark, count > 1))
  }

  // Among several writes a deletion takes all that it finds: it has no order that says which is the first.
  #write(mark: string, amongOthers: boolean): RandomWrite {
    const dice = this.#dice
    const kind = dice.weighted({ insert: 5, update: 4, replace: 1, delete: 2 })
    if (kind === 'insert') return { kind, document: { ...drawPerson(dice, dice.pick(personIds)), by: mark } }
    if (kind === 'update') return this.#update(mark)
    const filter = drawWhom(dice, mark)
    const sort = { age: dice.pick([1, -1] as const), _id: 1 } as const
    if (kind === 'delete') return { kind, filter, sort, many: amongOthers }
    const { _id, ...document } = drawPerson(dice, '')
    return { kind, filter, sort, document, upsert: false }
  }

  #update(mark: string): Update {
    const dice = this.#dice
    const sort = { age: dice.pick([1, -1] as const), _id: 1 } as const
    const many = dice.happens(0.2)
    return { kind: 'update', filter: drawWhom(dice, mark), update: drawUpdate(dice), sort, many, upsert: false }
  }
}

const opened = new WeakMap<Database, Map<CollectionName, Collection>>()

// A client uses one collection for all its calls: it remembers what it has declared and where indexes lie.
function collectionOf(db: Database, name: CollectionName): Collection {
  const known = opened.get(db) ?? new Map<CollectionName, Collection>()
  opened.set(db, known)
  const collection = known.get(name) ?? new Collection(db, definitions[name], false)
  known.set(name, collection)
  return collection
}

/** Makes a call; the reply is what the model would say. */
export async function runDocuments(db: Database, call: DocumentCall): Promise<unknown> {
  const people = collectionOf(db, 'people')
  switch (call.kind) {
    case 'write':
      return await orDuplicate(writeAll(people, call.writes))
    case 'findOneAndUpdate': {
      const { filter, update, sort } = call.update
      const options = { sort, returnDocument: call.returns }
      return await orDuplicate(people.findOneAndUpdate(filter as Filter<AnyDocument>, update, options))
    }
    case 'move':
      return await orDuplicate(move(db, call))
    case 'find': {
      const { filter, sort = {}, skip, limit } = call.query
      const { hint } = call
      const options = { sort, skip, ...(limit === undefined ? {} : { limit }), ...(hint === undefined ? {} : { hint }) }
      return await people.find(filter as Filter<AnyDocument>, options).toArray()
    }
    case 'all':
      return await collectionOf(db, call.collection)
        .find({}, { sort: { _id: 1 } })
        .toArray()
    case 'moves':
      return await kvSpace(db, movesSpaceName).list({}).toArray()
    case 'verify':
      return await collectionOf(db, call.collection).verifyIndexes()
    case 'createIndex':
      return await people.createIndex(passing, { keys: { age: 1 } }).then(() => 'done')
    default:
      return await people.dropIndex(passing).then(() => 'done')
  }
}

async function orDuplicate<Reply>(running: Promise<Reply>): Promise<Reply | 'DuplicateKey'> {
  try {
    return await running
  } catch (error) {
    if (error instanceof DuplicateKey) return 'DuplicateKey'
    throw error
  }
}

const none: WriteCounts = { inserted: 0, matched: 0, modified: 0, deleted: 0 }

// One write by the method that is made for it, several as one.
async function writeAll(people: Collection, writes: readonly RandomWrite[]): Promise<WriteCounts> {
  const [first] = writes
  if (first === undefined || writes.length > 1) {
    const result = await people.bulkWrite(writes.map(bulkWrite))
    const { insertedCount: inserted, matchedCount: matched, modifiedCount: modified, deletedCount: deleted } = result
    return { inserted, matched, modified, deleted }
  }
  if (first.kind === 'insert') {
    await people.insertOne(documentOf(first.document))
    return { ...none, inserted: 1 }
  }
  const filter = first.filter as Filter<AnyDocument>
  const { sort } = first
  if (first.kind === 'delete') return { ...none, deleted: (await people.deleteOne(filter, { sort })).deletedCount }
  if (first.kind === 'replace') return counts(await people.replaceOne(filter, documentOf(first.document), { sort }))
  if (first.many) return counts(await people.updateMany(filter, first.update))
  return counts(await people.updateOne(filter, first.update, { sort }))
}

function counts({ matchedCount, modifiedCount }: UpdateResult): WriteCounts {
  return { ...none, matched: matchedCount, modified: modifiedCount }
}

function bulkWrite(write: RandomWrite): BulkWrite<AnyDocument> {
  if (write.kind === 'insert') return { insertOne: { document: documentOf(write.document) } }
  const filter = write.filter as Filter<AnyDocument>
  const { sort } = write
  if (write.kind === 'delete') return { deleteMany: { filter } }
  if (write.kind === 'replace') return { replaceOne: { filter, replacement: documentOf(write.document), sort } }
  return write.many
    ? { updateMany: { filter, update: write.update } }
    : { updateOne: { filter, update: write.update, sort } }
}

// What is drawn is a person, or what replaces one, which keeps its `_id`.
function documentOf(plain: Plain): AnyDocument {
  return plain as unknown as AnyDocument
}

/** A document without what marks its insertion: it goes into the log again when it is moved. */
export function unmarked(document: object): Plain {
  return Object.fromEntries(Object.entries(document).filter(([name]) => name !== 'by'))
}

function move(db: Database, { id, counters }: Extract<DocumentCall, { readonly kind: 'move' }>): Promise<unknown> {
  return db.transaction(async (tx) => {
    const documents = new TransactionDocuments(tx)
    const people = documents.collection(collectionOf(db, 'people'))
    const former = documents.collection(collectionOf(db, 'former'))
    const [person, left] = [await people.get(id), await former.get(id)]
    if (person !== undefined) {
      people.deleteOne({ _id: id })
      former.insertOne(documentOf(unmarked(person)))
    } else if (left !== undefined) {
      former.deleteOne({ _id: id })
      people.insertOne(documentOf(unmarked(left)))
    }
    const counted = kvInTransaction(tx, kvSpace(db, movesSpaceName))
    for (const counter of counters) counted.sum(counter, 1)
    await documents.flush()
    return [person, left]
  })
}
