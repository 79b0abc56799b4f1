// Collections over HTTP: queries, writes, single documents with entity tags, tokens, and what is refused.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { ServedDatabase } from '../testing/served-database.ts'

let served: ServedDatabase
beforeEach(async () => {
  served = await ServedDatabase.start()
})
afterEach(async () => {
  await served[Symbol.asyncDispose]()
})

const documents = [
  { _id: 'u1', org: 'x', age: 36 },
  { _id: 'u2', org: 'x', age: 20, born: { $date: '2006-01-02T00:00:00.000Z' } },
  { _id: 3, org: 'y', age: { $bigint: '50' } },
]

function post(action: string, body: unknown): ReturnType<ServedDatabase['ask']> {
  return served.ask('POST', `/v1/collections/users/${action}`, { body: JSON.stringify(body) })
}

test('documents are inserted, found, counted, changed and deleted', async () => {
  expect((await post('insert', { documents })).json).toEqual({ insertedIds: ['u1', 'u2', 3] })
  expect((await post('find', { filter: { age: { $gt: 30 } } })).json).toEqual({
    documents: [documents[2], documents[0]],
    cursor: null,
  })
  const first = await post('find', { limit: 2 })
  expect(first.json.documents).toEqual([documents[2], documents[0]])
  expect((await post('find', { limit: 2, cursor: first.json.cursor })).json.documents).toEqual([documents[1]])
  expect((await post('find', { filter: { born: { $date: '2006-01-02T00:00:00.000Z' } } })).json.documents).toHaveLength(
    1,
  )
  expect((await post('count', { filter: { org: 'x' } })).json).toEqual({ count: 2 })
  expect((await post('update', { filter: { org: 'x' }, update: { $inc: { age: 1 } }, many: true })).json).toEqual({
    matchedCount: 2,
    modifiedCount: 2,
    upsertedId: null,
  })
  expect(
    (await post('aggregate', { pipeline: [{ $group: { _id: '$org', n: { $sum: 1 } } }, { $sort: { _id: 1 } }] })).json,
  ).toEqual({
    results: [
      { _id: 'x', n: 2 },
      { _id: 'y', n: 1 },
    ],
  })
  expect((await post('delete', { filter: { org: 'x' }, many: true })).json).toEqual({ deletedCount: 2 })
})

test('documents are written over those of their ids', async () => {
  expect((await post('replace', { documents })).json).toEqual({ replacedCount: 0, insertedCount: 3 })
  expect((await post('replace', { documents: documents.slice(1) })).json).toEqual({
    replacedCount: 2,
    insertedCount: 0,
  })
  expect((await post('find', {})).json.documents).toEqual([documents[2], documents[0], documents[1]])
  expect((await post('replace', { documents: [{ a: 1 }] })).status).toBe(422)
})

test('a document has a version, which a write can rest on', async () => {
  const at = '/v1/collections/users/u1'
  const body = JSON.stringify({ org: 'x' })
  expect((await served.ask('GET', at)).status).toBe(404)
  expect((await served.ask('PUT', at, { body, headers: { 'if-none-match': '*' } })).status).toBe(201)
  expect((await served.ask('PUT', at, { body, headers: { 'if-none-match': '*' } })).status).toBe(412)
  const got = await served.ask('GET', at)
  expect(got.json).toEqual({ _id: 'u1', org: 'x' })
  const etag = got.headers.get('etag')!
  expect((await served.ask('GET', at, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await served.ask('PUT', at, { body: '{"org":"y"}', headers: { 'if-match': etag } })).status).toBe(204)
  expect((await served.ask('PUT', at, { body, headers: { 'if-match': etag } })).status).toBe(412)
  expect((await served.ask('DELETE', at, { headers: { 'if-match': etag } })).status).toBe(412)
  expect((await served.ask('DELETE', at)).status).toBe(204)
  expect((await served.ask('PUT', '/v1/collections/users/~42', { body })).status).toBe(201)
  expect((await served.ask('GET', '/v1/collections/users/~42')).json).toEqual({ _id: 42, org: 'x' })
})

test.each([
  ['find', { filter: { a: { $where: '1' } } }, 422, 'FilterInvalid'],
  ['find', { filter: [] }, 400, undefined],
  ['find', { nonsense: 1 }, 400, undefined],
  ['find', { limit: -1 }, 400, undefined],
  ['find', { cursor: 'nonsense' }, 400, undefined],
  ['find', { hint: 'nonsense' }, 400, undefined],
  ['update', { update: { $set: { a: 1 } } }, 400, undefined],
  ['update', { filter: {}, update: { $foo: { a: 1 } } }, 422, 'UpdateInvalid'],
  ['update', { filter: {}, update: {} }, 422, 'UpdateInvalid'],
  ['delete', {}, 400, undefined],
  ['insert', { documents: [{ 'a.b': 1 }] }, 422, 'DocumentInvalid'],
  ['insert', { documents: [{ _id: 'u1' }, { _id: 'u1' }] }, 409, 'DuplicateKey'],
  ['aggregate', { pipeline: [{ $out: 'x' }] }, 422, 'FilterInvalid'],
])('%s refuses %o', async (action, body, status, name) => {
  const answer = await post(action, body)
  expect(answer.status).toBe(status)
  expect(answer.json.name).toBe(name)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect((await post('count', {})).json).toEqual({ count: 0 })
})

test('a prototype cannot be written', async () => {
  const body = '{"documents":[{"_id":"u1","__proto__":{"a":1}}]}'
  expect((await served.ask('POST', '/v1/collections/users/insert', { body })).status).toBe(422)
})

test('a token may use the collections that it names', async () => {
  const secret = 'a secret of some length'.replaceAll(' ', '-')
  const tokens = [{ name: 'reader', token: secret, rights: ['read'] as const, collections: ['open-*'] }]
  await using guarded = await ServedDatabase.start({ tokens })
  const headers = { authorization: `Bearer ${secret}` }
  const ask = (name: string, action: string): ReturnType<ServedDatabase['ask']> =>
    guarded.ask('POST', `/v1/collections/${name}/${action}`, { headers, body: '{}' })
  expect((await ask('open-users', 'count')).status).toBe(200)
  expect((await ask('users', 'count')).status).toBe(403)
  expect((await ask('open-users', 'insert')).status).toBe(403)
})
