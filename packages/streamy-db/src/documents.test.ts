// Documents through the umbrella: typed by a schema, in transactions with actors and key-value entries, and in handlers.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { Actor, type Database, defineCollection, open, registerActor } from './index.ts'

const schema = z.object({ _id: z.string(), email: z.string(), org: z.string(), age: z.number().min(0) })
const options = {
  schema,
  indexes: { byEmail: { keys: { email: 1 as const }, unique: true }, byOrgAge: { keys: { org: 1, age: -1 } as const } },
}
const held = defineCollection('held', options)

class Clerk extends Actor {
  hired = 0

  hire(email: string, age: number): string {
    const users = this.collection(held)
    const { insertedId } = users.insertOne({ email, org: 'x', age: 0 })
    users.updateOne({ email }, { $set: { age } })
    if (users.find({ org: 'x', age }).length === 0) throw new Error('A handler does not see what it has written.')
    this.hired += 1
    this.kv('settings').set(['last'], insertedId)
    return insertedId
  }
}
registerActor(Clerk, { messages: { hire: {} } })

let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: [Clerk], collections: [held] })
})
afterEach(async () => {
  await db.close()
})

const ada = { _id: 'u1', email: 'ada@example.org', org: 'x', age: 36 }
const bob = { _id: 'u2', email: 'bob@example.org', org: 'x', age: 20 }

test('a collection by name has the types of its schema', async () => {
  const users = db.collection('users', options)
  await users.insertOne(ada)
  const page = await users.find({ org: 'x', age: { $gte: 18 } }, { sort: { age: -1 }, limit: 10 }).toArray()
  expect(page.map(({ email }) => email)).toEqual(['ada@example.org'])
  await users.updateOne({ _id: 'u1' }, { $inc: { age: 1 } })
  expect((await users.get('u1'))?.age).toBe(37)
})

test.each(['users', 'held'])('the schema of %s holds for inserts, updates, replacements and upserts', async (name) => {
  const users = name === 'held' ? db.collection(held) : db.collection('users', options)
  await users.insertOne(ada)
  const refused = { name: 'DocumentInvalid', data: { issues: [{ path: 'age' }] } }
  await expect(users.insertOne({ ...bob, age: -1 })).rejects.toMatchObject(refused)
  await expect(users.updateOne({ _id: 'u1' }, { $inc: { age: -40 } })).rejects.toMatchObject(refused)
  await expect(users.updateMany({ org: 'x' }, { $inc: { age: -40 } })).rejects.toMatchObject(refused)
  await expect(users.replaceOne({ _id: 'u1' }, { ...ada, age: -2 })).rejects.toMatchObject(refused)
  await expect(
    users.updateOne({ email: 'bob@example.org' }, { $set: { org: 'x', age: -3 } }, { upsert: true }),
  ).rejects.toMatchObject(refused)
  expect(await users.find({}).toArray()).toEqual([ada])
  const upserted = await users.updateOne(
    { email: 'bob@example.org' },
    { $set: { org: 'x' }, $setOnInsert: { age: 3 } },
    { upsert: true },
  )
  expect(await users.get(upserted.upsertedId!)).toMatchObject({ email: 'bob@example.org', org: 'x', age: 3 })
  expect(await users.updateMany({ org: 'x' }, { $inc: { age: 1 } })).toMatchObject({
    matchedCount: 2,
    modifiedCount: 2,
  })
  expect(await users.verifyIndexes()).toEqual([])
})

test('handlers write documents, entries and their own state as one', async () => {
  const id = await db.actor(Clerk, 'a').hire('cid@example.org', 30)
  expect(await db.collection(held).get(id)).toMatchObject({ email: 'cid@example.org', age: 30 })
  await expect(db.actor(Clerk, 'a').hire('cid@example.org', 31)).rejects.toMatchObject({ name: 'DuplicateKey' })
  await expect(db.actor(Clerk, 'a').hire('dan@example.org', -1)).rejects.toMatchObject({ name: 'DocumentInvalid' })
  expect((await db.kv('settings').get(['last'])).value).toBe(id)
  expect(await db.collection(held).countDocuments()).toBe(1)
  expect(await db.collection(held).verifyIndexes()).toEqual([])
})

test('a transaction reads one moment, and writes documents, entries and actors as one', async () => {
  const users = db.collection('users', options)
  const orders = db.collection<{ _id: string; user: string }>('orders')
  await users.insertMany([ada, bob])
  await db.transaction(async (tx) => {
    const [first] = await tx
      .collection(users)
      .find({ org: 'x' }, { sort: { age: 1 }, limit: 1 })
      .toArray()
    tx.collection(orders).insertOne({ _id: 'o1', user: first!._id })
    tx.collection(users).updateOne({ _id: 'u1' }, { $set: { email: 'bob@example.org' } })
    tx.collection(users).updateOne({ _id: 'u2' }, { $set: { email: 'ada@example.org' } })
    tx.kv(db.kv('settings')).set(['orders'], 1)
  })
  expect(await orders.get('o1')).toEqual({ _id: 'o1', user: 'u2' })
  expect(await users.findOne({ email: 'ada@example.org' })).toMatchObject({ _id: 'u2' })
  expect(await users.verifyIndexes()).toEqual([])
  const failing = db.transaction((tx) => {
    tx.collection(orders).insertOne({ _id: 'o2', user: 'u1' })
    tx.collection(users).updateOne({ _id: 'u1' }, { $set: { email: 'ada@example.org' } })
  })
  await expect(failing).rejects.toMatchObject({ name: 'DuplicateKey', data: { index: 'byEmail' } })
  expect(await orders.countDocuments()).toBe(1)
})

test('transactions that meet each other are run again', async () => {
  const users = db.collection('users', options)
  await users.insertMany([ada, bob])
  const raise = (): Promise<void> =>
    db.transaction(async (tx) => {
      const found = await tx.collection(users).find({ org: 'x' }).toArray()
      const total = found.reduce((sum, { age }) => sum + age, 0)
      tx.collection(users).updateOne({ _id: 'u1' }, { $set: { age: total } })
    })
  await Promise.all([raise(), raise(), raise()])
  expect((await users.get('u1'))?.age).toBe(36 + 3 * 20)
})
