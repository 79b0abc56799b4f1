// Collections of an embedded database, as clients use them.

import { kvActors } from '@streamy-db/kv'
import { type Database, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Collection } from './collection/collection.ts'
import { defineCollection } from './collection/collection-definition.ts'
import { documentActors } from './document-actors.ts'

interface User {
  readonly _id: string
  readonly email: string
  readonly org: string
  readonly age: number
  readonly tags?: readonly string[]
}

let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, ...documentActors] })
})
afterEach(async () => {
  await db.close()
})

function users(): Collection<User> {
  const definition = defineCollection<User>('users', {
    indexes: { byEmail: { keys: { email: 1 }, unique: true }, byOrgAge: { keys: { org: 1, age: -1 } } },
  })
  return new Collection<User>(db, definition, true)
}

const ada: User = { _id: 'u1', email: 'ada@example.org', org: 'x', age: 36 }
const bob: User = { _id: 'u2', email: 'bob@example.org', org: 'x', age: 20 }
const cid: User = { _id: 'u3', email: 'cid@example.org', org: 'y', age: 50 }

test('documents come back as they were inserted', async () => {
  await users().insertMany([ada, bob, cid])
  expect(await users().get('u1')).toEqual(ada)
  expect(await users().getMany(['u2', 'u9', 'u1'])).toEqual([bob, undefined, ada])
  expect(await users().find({}).toArray()).toEqual([ada, bob, cid])
})

test('an index answers filters and sorts', async () => {
  await users().insertMany([ada, bob, cid])
  const cursor = users().find({ org: 'x', age: { $gte: 18 } }, { sort: { age: -1 }, limit: 10 })
  expect(await cursor.toArray()).toEqual([ada, bob])
  expect(
    await users()
      .find({ org: 'x', age: { $gte: 18 } }, { sort: { age: -1 }, limit: 1 })
      .explain(),
  ).toMatchObject({
    index: 'byOrgAge',
    sortedByIndex: true,
    documentsExamined: 1,
    documentsReturned: 1,
  })
  expect(await users().find({ email: 'bob@example.org' }).explain()).toMatchObject({
    index: 'byEmail',
    uniqueMatch: true,
  })
  expect(await users().findOne({ email: 'bob@example.org' })).toEqual(bob)
})

test('unique values are unique, and can be swapped', async () => {
  await users().insertMany([ada, bob])
  await expect(users().insertOne({ ...cid, email: 'ada@example.org' })).rejects.toMatchObject({
    name: 'DuplicateKey',
    data: { index: 'byEmail', id: 'u3', existingId: 'u1' },
  })
  await expect(users().insertOne(ada)).rejects.toMatchObject({ name: 'DuplicateKey', data: { index: '_id' } })
  expect(await users().get('u3')).toBeUndefined()
})

test('updates and deletions keep the indexes', async () => {
  await users().insertMany([ada, bob, cid])
  expect(await users().updateOne({ _id: 'u1' }, { $inc: { age: 1 } })).toEqual({
    matchedCount: 1,
    modifiedCount: 1,
    upsertedId: undefined,
  })
  expect(
    await users()
      .find({ org: 'x' }, { sort: { age: 1 } })
      .toArray(),
  ).toEqual([bob, { ...ada, age: 37 }])
  await users().updateMany({ org: 'x' }, { $set: { org: 'z' } })
  expect((await users().find({ org: 'z' }).toArray()).length).toBe(2)
  await users().deleteOne({ _id: 'u1' })
  await users().insertOne({ ...ada, _id: 'u7' })
  expect((await users().deleteMany({})).deletedCount).toBe(3)
  expect(await users().find({}).toArray()).toEqual([])
})
