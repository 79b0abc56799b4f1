// Builds of indexes over documents that are there, with writers that race them; what a duplicate does to a build; drops.

import { kvActors } from '@streamy-db/kv'
import { type Database, layerPortOf, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineCollection } from '../collection/collection-definition.ts'
import { Collection } from '../collection/collection.ts'
import { CollectionCalls } from '../collection/collection-calls.ts'
import { documentActors } from '../document-actors.ts'
import { documentLimits } from '../limits.ts'
import type { IndexOptions } from './index-definition.ts'

interface Item {
  readonly _id: number
  readonly group: number
  readonly code: string
}

let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, ...documentActors] })
})
afterEach(async () => {
  await db.close()
})

const item = (id: number): Item => ({ _id: id, group: id % 7, code: `c${id}` })

function items(indexes: Readonly<Record<string, IndexOptions>> = {}): Collection<Item> {
  return new Collection<Item>(db, defineCollection<Item>('items', { indexes }), true)
}

async function filled(count: number): Promise<Collection<Item>> {
  const collection = items()
  for (let from = 0; from < count; from += 500)
    await collection.insertMany(Array.from({ length: Math.min(500, count - from) }, (_, index) => item(from + index)))
  return collection
}

/** The items that the index of an epoch still holds. */
async function leftOf(epoch: number): Promise<number> {
  const calls = new CollectionCalls('items')
  const [left] = await layerPortOf(db).query([calls.items(epoch, undefined, 10_000)])
  return (left as readonly string[]).length
}

test('an index of a collection without documents is ready at once', async () => {
  await items({ byGroup: { keys: { group: 1 } } }).ready()
  expect(await items().indexes()).toMatchObject([{ name: 'byGroup', state: 'ready', documentsBuilt: undefined }])
})

test('an index that is being built is maintained by writers, and used when it is ready', async () => {
  const collection = await filled(1000)
  await collection.createIndex('byGroup', { keys: { group: 1 } })
  expect(await collection.indexes()).toMatchObject([{ state: 'building' }])
  const seen: number[] = []
  const writing: Promise<unknown>[] = []
  for (let id = 0; id < 300; id++) {
    writing.push(collection.updateOne({ _id: (id * 13) % 1000 }, { $set: { group: 100 + (id % 3) } }))
    writing.push(collection.insertOne(item(2000 + id)))
    writing.push(collection.deleteOne({ _id: (id * 29) % 1000 }))
  }
  await collection.waitForIndexes({
    everyMs: 1,
    onProgress: ([index]) => {
      if (index?.documentsBuilt !== undefined) seen.push(index.documentsBuilt)
    },
  })
  await Promise.all(writing)
  // It goes forwards only.
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(await collection.verifyIndexes()).toEqual([])
  const found = await collection.find({ group: 101 }).toArray()
  expect(found.length).toBe((await collection.find({ group: 101 }, { hint: '_id' }).toArray()).length)
  expect((await collection.find({ group: 101 }).explain()).index).toBe('byGroup')
})

test('a duplicate fails the build of a unique index, naming both documents', async () => {
  const collection = await filled(500)
  await collection.updateOne({ _id: 444 }, { $set: { code: 'c17' } })
  await collection.createIndex('byCode', { keys: { code: 1 }, unique: true })
  await expect(collection.waitForIndexes({ everyMs: 1 })).rejects.toMatchObject({
    name: 'IndexConflict',
    data: { index: 'byCode' },
  })
  const [failed] = await collection.indexes()
  expect(failed).toMatchObject({ state: 'failed' })
  expect([failed!.failure!.includes('444'), failed!.failure!.includes('17')]).toEqual([true, true])
  // It hinders nobody, and what it held goes away.
  await collection.insertOne({ ...item(900), code: 'c3' })
  expect((await collection.find({ code: 'c3' }).toArray()).length).toBe(2)
  await settled()
  expect(await leftOf(1)).toBe(0)
  await expect(collection.createIndex('byCode', { keys: { group: 1 } })).rejects.toMatchObject({
    name: 'IndexConflict',
  })
  expect(await collection.dropIndex('byCode')).toBe(true)
  await collection.deleteOne({ _id: 900 })
  await collection.updateOne({ _id: 444 }, { $set: { code: 'c444' } })
  await collection.createIndex('byCode', { keys: { code: 1 }, unique: true })
  await collection.waitForIndexes({ everyMs: 1 })
  expect(await collection.verifyIndexes()).toEqual([])
  await expect(collection.insertOne({ ...item(901), code: 'c3' })).rejects.toMatchObject({ name: 'DuplicateKey' })
})

test('a document with too many keys fails the build, and is refused once the index is there', async () => {
  const tags = Array.from({ length: documentLimits.indexKeysPerDocumentMax + 1 }, (_, index) => index)
  const collection = new Collection(db, defineCollection('tagged'), true)
  await collection.insertOne({ _id: 1, tags } as never)
  await collection.createIndex('byTag', { keys: { tags: 1 } })
  await expect(collection.waitForIndexes({ everyMs: 1 })).rejects.toMatchObject({ name: 'IndexConflict' })
  await collection.dropIndex('byTag')
  await collection.deleteOne({ _id: 1 })
  await collection.createIndex('byTag', { keys: { tags: 1 } })
  await expect(collection.insertOne({ _id: 1, tags } as never)).rejects.toMatchObject({ name: 'IndexKeyInvalid' })
  expect(await collection.get(1)).toBeUndefined()
})

test('a dropped index is gone at once, and what it held a little later', async () => {
  const collection = await filled(700)
  await collection.createIndex('byCode', { keys: { code: 1 }, unique: true })
  await collection.waitForIndexes({ everyMs: 1 })
  expect(await collection.dropIndex('byCode')).toBe(true)
  expect(await collection.dropIndex('byCode')).toBe(false)
  expect((await collection.find({ code: 'c9' }).explain()).index).toBe('_id')
  await collection.insertOne({ ...item(5000), code: 'c1' })
  await settled()
  expect(await leftOf(1)).toBe(0)
  expect(await collection.find({ code: 'c1' }).toArray()).toHaveLength(2)
})

// Builds and clearings go on by telling themselves: each turn of a message lets one step run.
async function settled(): Promise<void> {
  const other = new Collection(db, defineCollection('other'), true)
  for (let turn = 0; turn < 40; turn++) await other.updateOne({ _id: 1 }, { $set: { turn } } as never, { upsert: true })
}
