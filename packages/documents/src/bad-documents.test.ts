// What cannot be stored, found or changed: each is refused with an error that says what and where, and nothing is written.

import { kvActors } from '@streamy-db/kv'
import { type Database, layerPortOf, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CollectionCalls } from './collection/collection-calls.ts'
import { defineCollection } from './collection/collection-definition.ts'
import { Collection } from './collection/collection.ts'
import { documentActors } from './document-actors.ts'
import { documentLimits } from './limits.ts'
import { textOfValue } from './stored-text.ts'

let db: Database
let users: Collection
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, ...documentActors] })
  users = new Collection(db, defineCollection('users', { indexes: { byA: { keys: { a: 1 } } } }), true)
})
afterEach(async () => {
  await db.close()
})

const cycle: Record<string, unknown> = { _id: 'u1' }
cycle['self'] = cycle

test.each([
  ['a name with a dot', { _id: 'u1', 'a.b': 1 }, 'a.b'],
  ['a name that begins with a dollar sign', { _id: 'u1', c: { $set: 1 } }, 'c.$set'],
  ['__proto__', JSON.parse('{"_id":"u1","c":{"__proto__":{"x":1}}}') as object, 'c.__proto__'],
  ['constructor', { _id: 'u1', constructor: 1 }, 'constructor'],
  ['an empty name', { _id: 'u1', '': 1 }, ''],
  ['an instance of a class', { _id: 'u1', a: new Map() }, 'a'],
  ['a function', { _id: 'u1', a: () => 0 }, 'a'],
  ['a lone surrogate', { _id: 'u1', a: '\ud800' }, 'a'],
  ['an invalid date', { _id: 'u1', a: new Date(NaN) }, 'a'],
  ['undefined in a list', { _id: 'u1', a: [1, undefined] }, 'a.1'],
  ['a regular expression', { _id: 'u1', a: /x/ }, 'a'],
  ['an _id that is an object', { _id: { a: 1 } }, '_id'],
  ['an _id that is NaN', { _id: NaN }, '_id'],
  ['an _id that is null', { _id: null }, '_id'],
  ['an _id that is too long', { _id: 'x'.repeat(documentLimits.idBytesMax) }, '_id'],
  ['too much', { _id: 'u1', b: 'x'.repeat(documentLimits.documentBytesMax + 1) }, ''],
  ['far too much', { _id: 'u1', b: Array.from({ length: 200 }, () => 'x'.repeat(10_000)) }, ''],
])('a document with %s is refused', async (_, document, path) => {
  await expect(users.insertOne(document as never)).rejects.toMatchObject({
    name: 'DocumentInvalid',
    data: { collection: 'users', issues: [{ path }] },
  })
  expect(await users.countDocuments()).toBe(0)
  expect(await users.verifyIndexes()).toEqual([])
})

test('a document that contains itself, or is nested too deep, is refused', async () => {
  await expect(users.insertOne(cycle as never)).rejects.toMatchObject({ name: 'DocumentInvalid' })
  for (const value of [5, null, 'a', [], new Date()])
    await expect(users.insertOne(value as never)).rejects.toMatchObject({ name: 'DocumentInvalid' })
})

test('of several documents, or writes, none is written when one is refused', async () => {
  await users.insertOne({ _id: 'there' })
  const bad = [{ _id: 'u1', a: 1 }, { _id: 'there' }]
  await expect(users.insertMany(bad)).rejects.toMatchObject({ name: 'DuplicateKey' })
  const writes = [
    { insertOne: { document: { _id: 'u2' } } },
    { updateOne: { filter: { _id: 'there' }, update: { $inc: { _id: 1 } } } },
  ]
  await expect(users.bulkWrite(writes as never)).rejects.toMatchObject({ name: 'UpdateInvalid' })
  expect((await users.find().toArray()).map(({ _id }) => _id)).toEqual(['there'])
  expect(await users.verifyIndexes()).toEqual([])
})

test('an upsert that names the id of a document that its filter does not match is a duplicate', async () => {
  await users.insertOne({ _id: 'u1', a: 1 } as never)
  const upsert = { filter: { _id: 'u1', a: 2 }, update: { $set: { b: 1 } }, upsert: true }
  const others = [{ insertOne: { document: { _id: 'u2' } } }, { deleteOne: { filter: { _id: 'u3' } } }]
  for (const writes of [[{ updateOne: upsert }], [{ updateOne: upsert }, ...others]])
    await expect(users.bulkWrite(writes as never)).rejects.toMatchObject({ name: 'DuplicateKey' })
  expect(await users.find().toArray()).toEqual([{ _id: 'u1', a: 1 }])
})

test('an update may not make a document too large, or give it a key that is too long', async () => {
  await users.insertOne({ _id: 'u1', a: 1 } as never)
  const long = 'x'.repeat(documentLimits.indexKeyBytesMax)
  await expect(users.updateOne({ _id: 'u1' }, { $set: { a: long } } as never)).rejects.toMatchObject({
    name: 'IndexKeyInvalid',
    data: { index: 'byA' },
  })
  const half = 'x'.repeat(documentLimits.documentBytesMax / 2)
  await users.updateOne({ _id: 'u1' }, { $set: { b: half } } as never)
  await expect(users.updateOne({ _id: 'u1' }, { $set: { c: half } } as never)).rejects.toMatchObject({
    name: 'DocumentInvalid',
  })
  expect(await users.findOne({ a: 1 } as never)).toMatchObject({ _id: 'u1', a: 1 })
})

test('a collection needs a name, options that are known, and a filter to write with', async () => {
  for (const name of ['', 'a/b', 'a b', '$a', 'x'.repeat(65), 5 as never])
    expect(() => defineCollection(name)).toThrow('is no name of a collection')
  const bad = [{ keys: {} }, { keys: { a: 2 } }, { keys: { 'a..b': 1 } }, { keys: { a: 1 }, uniq: true }, {}]
  for (const index of bad) expect(() => defineCollection('a', { indexes: { i: index as never } })).toThrow('cannot be')
  await expect(users.deleteMany(undefined as never)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  await expect(users.updateOne(null as never, { $set: {} })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  expect(() => users.find({}, { sort: { a: 5 } as never })).toThrow('A sort takes')
  expect(() => users.find({}, { projection: { a: 1, b: 0 } as never })).toThrow('A projection')
  expect(() => users.find({}, { limit: -1 })).toThrow('The limit')
})

test('what a client of another make puts into the log is refused where it is run', async () => {
  await users.insertOne({ _id: 'u1', a: 1 } as never)
  const port = layerPortOf(db)
  const calls = new CollectionCalls('users')
  const target = { filter: textOfValue({ $where: '1' }, 'x'), many: true, sort: [], hint: undefined }
  const common = { collection: 'users', returns: 'nothing' } as const
  const hostile = [
    { ...common, kind: 'delete', target } as const,
    { ...common, kind: 'insert', document: { _id: 'u2', 'a.b': 1 } } as const,
    { ...common, kind: 'insert', document: null } as const,
    {
      ...common,
      kind: 'update',
      target: { ...target, filter: textOfValue({}, 'x') },
      update: textOfValue({ update: { $where: { a: 1 } }, arrayFilters: [] }, 'x'),
      newId: undefined,
    } as const,
  ]
  for (const operation of hostile)
    await expect(port.execute([calls.write([operation], [])])).rejects.toMatchObject({
      name: expect.stringMatching(/^(Filter|Document|Update)Invalid$/) as string,
    })
  expect(await users.find().toArray()).toEqual([{ _id: 'u1', a: 1 }])
  expect(await users.verifyIndexes()).toEqual([])
})

test('a scan without an index ends at the limit, unless it is allowed', async () => {
  const documents = Array.from({ length: 1000 }, (_, n) => ({ _id: n, b: n }))
  for (let turn = 0; turn <= documentLimits.scanDocumentsMax / 1000; turn++)
    await users.insertMany(documents.map(({ _id, b }) => ({ _id: turn * 1000 + _id, b })))
  const inVain = { b: -1 } as never
  await expect(users.find(inVain).toArray()).rejects.toMatchObject({ name: 'ScanRefused' })
  expect(await users.find(inVain, { allowScan: true }).toArray()).toEqual([])
  expect((await users.find().toArray()).length).toBe(documentLimits.scanDocumentsMax + 1000)
  expect(await users.countDocuments()).toBe(documentLimits.scanDocumentsMax + 1000)
  await expect(users.deleteMany({})).rejects.toMatchObject({ name: 'TooManyDocuments' })
})
