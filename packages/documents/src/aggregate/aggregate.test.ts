// Pipelines, distinct values, and writes that answer documents.

import { kvActors } from '@streamy-db/kv'
import { type Database, ManualClock, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineCollection } from '../collection/collection-definition.ts'
import { Collection } from '../collection/collection.ts'
import { documentActors } from '../document-actors.ts'

interface Order {
  readonly _id: number
  readonly customer: string
  readonly total: number
  readonly tags: readonly string[]
}

const start = 1_700_000_000_000
let db: Database
let orders: Collection<Order>
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, ...documentActors], clock: new ManualClock(start) })
  const indexes = { byCustomer: { keys: { customer: 1, total: -1 } } } as const
  orders = new Collection<Order>(db, defineCollection<Order>('orders', { indexes }), true)
  await orders.insertMany([
    { _id: 1, customer: 'ada', total: 5, tags: ['a', 'b'] },
    { _id: 2, customer: 'ada', total: 7, tags: [] },
    { _id: 3, customer: 'bob', total: 2, tags: ['b'] },
  ])
  const customers = new Collection<{ _id: string; name: string }>(db, defineCollection('customers'), true)
  await customers.insertMany([
    { _id: 'ada', name: 'Ada' },
    { _id: 'cid', name: 'Cid' },
  ])
})
afterEach(async () => {
  await db.close()
})

test.each([
  [
    [{ $match: { customer: 'ada' } }, { $sort: { total: -1 } }, { $limit: 1 }, { $project: { total: 1 } }],
    [{ _id: 2, total: 7 }],
  ],
  [
    [{ $group: { _id: '$customer', sum: { $sum: '$total' }, n: { $count: {} } } }, { $sort: { _id: 1 } }],
    [
      { _id: 'ada', sum: 12, n: 2 },
      { _id: 'bob', sum: 2, n: 1 },
    ],
  ],
  [
    [{ $unwind: '$tags' }, { $sortByCount: '$tags' }],
    [
      { _id: 'b', count: 2 },
      { _id: 'a', count: 1 },
    ],
  ],
  [
    [{ $skip: 2 }, { $addFields: { twice: { $multiply: ['$total', 2] } } }, { $unset: ['tags', 'customer'] }],
    [{ _id: 3, total: 2, twice: 4 }],
  ],
  [
    [{ $facet: { n: [{ $count: 'all' }], dear: [{ $match: { total: { $gt: 6 } } }, { $project: { _id: 1 } }] } }],
    [{ n: [{ all: 3 }], dear: [{ _id: 2 }] }],
  ],
  [[{ $limit: 1 }, { $project: { _id: 0, at: '$$NOW' } }], [{ at: new Date(start) }]],
  [
    [
      { $lookup: { from: 'customers', localField: 'customer', foreignField: '_id', as: 'who' } },
      { $project: { 'who.name': 1 } },
    ],
    [
      { _id: 1, who: [{ name: 'Ada' }] },
      { _id: 2, who: [{ name: 'Ada' }] },
      { _id: 3, who: [] },
    ],
  ],
])('%o', async (pipeline, expected) => {
  expect(await orders.aggregate(pipeline)).toEqual(expected)
})

test.each([
  ['$out', [{ $out: 'x' }]],
  ['$sample', [{ $sample: { size: 1 } }]],
  ['$function', [{ $project: { a: { $function: {} } } }]],
  ['$accumulator', [{ $group: { _id: null, a: { $accumulator: {} } } }]],
  ['$rand', [{ $addFields: { a: { $rand: {} } } }]],
  ['$dateToString', [{ $addFields: { a: { $dateToString: {} } } }]],
  ['$regexMatch', [{ $addFields: { a: { $regexMatch: {} } } }]],
  ['$where', [{ $match: { $where: '1' } }]],
  ['$where', [{ $facet: { a: [{ $match: { $where: '1' } }] } }]],
  ['$lookup', [{ $facet: { a: [{ $lookup: { from: 'x' } }] } }]],
  ['$lookup', [{ $lookup: { from: 'x', pipeline: [] } }]],
])('%s is refused by name', async (operator, pipeline) => {
  await expect(orders.aggregate(pipeline)).rejects.toMatchObject({ name: 'FilterInvalid', data: { operator } })
})

test('distinct values are sorted, and those of lists are their items', async () => {
  expect(await orders.distinct('customer')).toEqual(['ada', 'bob'])
  expect(await orders.distinct('tags', { customer: 'ada' })).toEqual(['a', 'b'])
  expect(await orders.distinct('total')).toEqual([2, 5, 7])
})

test('writes answer documents as they were, or as they have become', async () => {
  const dearest = { sort: { total: -1 } } as const
  const raise = { $inc: { total: 10 } }
  expect(await orders.findOneAndUpdate({ customer: 'ada' }, raise, dearest)).toMatchObject({ _id: 2, total: 7 })
  const after = { ...dearest, returnDocument: 'after' } as const
  expect(await orders.findOneAndUpdate({ customer: 'ada' }, raise, after)).toMatchObject({ _id: 2, total: 27 })
  const replacement = { _id: 3, customer: 'bob', total: 1, tags: [] }
  expect(await orders.findOneAndReplace({ _id: 3 }, replacement, { returnDocument: 'after' })).toEqual(replacement)
  expect(await orders.findOneAndDelete({ customer: 'ada' }, dearest)).toMatchObject({ _id: 2 })
  expect(await orders.findOneAndDelete({ customer: 'nobody' })).toBeUndefined()
  const made = { _id: 9, customer: 'eve' }
  expect(
    await orders.findOneAndUpdate(
      made,
      { $setOnInsert: { total: 0, tags: [] } },
      { upsert: true, returnDocument: 'after' },
    ),
  ).toEqual({ ...made, total: 0, tags: [] })
  expect(await orders.verifyIndexes()).toEqual([])
})
