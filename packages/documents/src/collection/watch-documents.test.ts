// Watching collections, and reading them as they were.

import { kvActors } from '@streamy-db/kv'
import { type Database, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { documentActors } from '../document-actors.ts'
import { defineCollection } from './collection-definition.ts'
import { Collection } from './collection.ts'
import type { WatchBatch } from './watch-documents.ts'

interface Part {
  readonly _id: string
  readonly bin: number
}

let db: Database
let parts: Collection<Part>
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, ...documentActors] })
  parts = new Collection<Part>(db, defineCollection<Part>('parts', { indexes: { byBin: { keys: { bin: 1 } } } }), true)
  await parts.ready()
})
afterEach(async () => {
  await db.close()
})

test('a watch tells what each transaction changes, and goes on where another ended', async () => {
  await parts.insertOne({ _id: 'a', bin: 1 })
  const watch = parts.watch({ from: db.position })
  await parts.bulkWrite([
    { insertOne: { document: { _id: 'b', bin: 2 } } },
    { updateOne: { filter: { _id: 'a' }, update: { $inc: { bin: 1 } } } },
  ])
  await new Collection(db, defineCollection('other'), true).insertOne({ _id: 'x' })
  await parts.updateOne({ _id: 'a' }, { $set: { bin: 2 } })
  await parts.deleteOne({ _id: 'b' })
  // It does not end by itself.
  const batch = (await watch.next()).value as WatchBatch<Part>
  expect(batch.changes.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { operation: 'update', id: 'a', before: { _id: 'a', bin: 1 }, after: { _id: 'a', bin: 2 } },
    { operation: 'insert', id: 'b', before: undefined, after: { _id: 'b', bin: 2 } },
  ])
  await watch.return?.()
  const resumed = parts.watch({ from: batch.position })
  expect((await resumed.next()).value!.changes).toEqual([
    { operation: 'delete', id: 'b', before: { _id: 'b', bin: 2 }, after: undefined },
  ])
  await resumed.return?.()
})

test('a watch with a filter tells what came into it and what left it', async () => {
  await parts.insertOne({ _id: 'a', bin: 1 })
  const from = db.position
  await parts.updateOne({ _id: 'a' }, { $set: { bin: 5 } })
  await parts.updateOne({ _id: 'a' }, { $set: { bin: 6 } })
  await parts.updateOne({ _id: 'a' }, { $set: { bin: 1 } })
  const seen: unknown[] = []
  for await (const { changes } of parts.watch({ from, filter: { bin: 1 } })) {
    seen.push(...changes.map(({ before, after }) => [before?.bin, after?.bin]))
    if (seen.length === 2) break
  }
  expect(seen).toEqual([
    [1, 5],
    [6, 1],
  ])
  expect(() => parts.watch({ from: -1 })).toThrow('earlier batch')
  expect(() => parts.watch({ filter: { $where: '1' } as never })).toThrow('$where')
})

test('a collection can be read as it was', async () => {
  await parts.insertMany([
    { _id: 'a', bin: 1 },
    { _id: 'b', bin: 1 },
  ])
  const then = db.position
  await parts.updateMany({ bin: 1 }, { $set: { bin: 2 } })
  using view = await parts.at(then)
  expect(await view.find({ bin: 1 }).toArray()).toEqual([
    { _id: 'a', bin: 1 },
    { _id: 'b', bin: 1 },
  ])
  expect(await view.get('a')).toEqual({ _id: 'a', bin: 1 })
  expect(await parts.find({ bin: 1 }).toArray()).toEqual([])
})
