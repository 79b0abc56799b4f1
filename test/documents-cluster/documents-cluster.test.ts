// The document layer as a client of a cluster uses it: a real server, two workers that share the documents, and clients,
// in one process. What the layer does over many partitions is tested without servers too, in packages/documents.

import { connect, defineCollection, type ClusterDatabase } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { startTimeoutMs, TwoWorkers } from '../two-workers.ts'

const people = defineCollection('people', {
  schema: z.object({ _id: z.string(), email: z.string(), team: z.number(), age: z.number().min(0) }),
  indexes: { byEmail: { keys: { email: 1 }, unique: true }, byTeamAge: { keys: { team: 1, age: -1 } } },
})

let workers: TwoWorkers
let client: ClusterDatabase
let other: ClusterDatabase

beforeAll(async () => {
  workers = await TwoWorkers.start({ name: 'documents', actors: [], collections: [people] })
  client = await connect(workers.server.url, { name: 'documents', actors: [], collections: [people] })
  other = await connect(workers.server.url, { name: 'documents' })
}, startTimeoutMs)

afterAll(async () => {
  await client?.close()
  await other?.close()
  await workers?.stop()
}, startTimeoutMs)

const person = (n: number): { _id: string; email: string; team: number; age: number } => ({
  _id: `p${n}`,
  email: `p${n}@example.org`,
  team: n % 3,
  age: 20 + n,
})

test('documents of both workers are found over indexes, by every client', async () => {
  const here = client.collection(people)
  await Promise.all(Array.from({ length: 30 }, (_, n) => here.insertOne(person(n))))
  const there = other.collection<ReturnType<typeof person>>('people')
  expect(await there.get('p7')).toEqual(person(7))
  expect(await there.findOne({ email: 'p9@example.org' })).toEqual(person(9))
  const found = await there.find({ team: 1, age: { $gte: 30 } }, { sort: { age: -1 }, limit: 4 }).toArray()
  expect(found.map(({ _id }) => _id)).toEqual(['p28', 'p25', 'p22', 'p19'])
  expect(await there.countDocuments({ team: 2 })).toBe(10)
  expect(await there.verifyIndexes()).toEqual([])
})

test('unique values are unique, and schemas hold, whoever writes', async () => {
  const there = other.collection<ReturnType<typeof person>>('people')
  await there.insertOne({ ...person(100), email: 'taken@example.org' })
  await expect(there.insertOne({ ...person(101), email: 'taken@example.org' })).rejects.toMatchObject({
    name: 'DuplicateKey',
    data: { index: 'byEmail', existingId: 'p100' },
  })
  await expect(there.updateOne({ _id: 'p100' }, { $set: { age: -1 } })).rejects.toMatchObject({
    name: 'DocumentInvalid',
  })
  const racing = await Promise.allSettled(
    [client, other].map((db, n) =>
      db.collection<ReturnType<typeof person>>('people').insertOne({ ...person(110 + n), email: 'race@example.org' }),
    ),
  )
  expect(racing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await there.verifyIndexes()).toEqual([])
})

test('increments of several clients on one document all count', async () => {
  await client.collection(people).insertOne(person(200))
  const both = [client, other].map((db) => db.collection<ReturnType<typeof person>>('people'))
  await Promise.all(Array.from({ length: 30 }, (_, n) => both[n % 2]!.updateOne({ _id: 'p200' }, { $inc: { age: 1 } })))
  expect((await both[0]!.get('p200'))?.age).toBe(250)
  expect(await both[1]!.verifyIndexes()).toEqual([])
})

test('a transaction over documents and entries happens as a whole', async () => {
  const here = client.collection(people)
  await here.insertMany([person(300), person(301)])
  await client.transaction(async (tx) => {
    const [a, b] = await tx.collection(here).getMany(['p300', 'p301'])
    tx.collection(here).updateOne({ _id: 'p300' }, { $set: { email: b!.email } })
    tx.collection(here).updateOne({ _id: 'p301' }, { $set: { email: a!.email } })
    tx.kv(client.kv<number>('counts')).sum(['swaps'], 1)
  })
  expect((await here.findOne({ email: 'p300@example.org' }))?._id).toBe('p301')
  expect((await client.kv('counts').get(['swaps'])).value).toBe(1)
})

test('an index is built over documents of both workers', async () => {
  const here = client.collection(people)
  await here.createIndex('byAge', { keys: { age: 1 } })
  await here.waitForIndexes()
  expect((await here.find({ age: { $lt: 25 } }).explain()).index).toBe('byAge')
  expect(await here.verifyIndexes()).toEqual([])
})
