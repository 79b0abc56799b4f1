// Collections over HTTP: queries, writes, single documents with entity tags, tokens, and what is refused.

import { get, type IncomingMessage } from 'node:http'
import { Collection, defineCollection } from '@streamy-db/documents'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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

test.each<[action: string, body: object, status: number, name: string | undefined]>([
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
  ['find', { filter: { a: { $regex: '(?=a)' } } }, 422, 'FilterInvalid'],
  ['find', { filter: { a: { $regex: 'a'.repeat(2000) } } }, 422, 'FilterInvalid'],
  ['insert', { documents: [{ _id: 'u1' }, { _id: 'u2', b: 'x'.repeat(300_000) }] }, 422, 'DocumentInvalid'],
  ['insert', { documents: [{ _id: 'u1' }, { _id: 'u2', c: { 'd.e': 1 } }] }, 422, 'DocumentInvalid'],
  ['replace', { documents: [{ _id: 'u1' }, { _id: 'u2', constructor: 1 }] }, 422, 'DocumentInvalid'],
  ['update', { filter: { _id: 'u1' }, update: { $set: { $a: 1 } }, upsert: true }, 422, 'UpdateInvalid'],
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
  const update = '{"filter":{"_id":"u1"},"update":{"$set":{"__proto__.a":1}},"upsert":true}'
  expect((await served.ask('POST', '/v1/collections/users/update', { body: update })).status).toBe(422)
  expect((await served.ask('PUT', '/v1/collections/users/u1', { body: '{"__proto__":{"a":1}}' })).status).toBe(422)
  expect((await post('count', {})).json).toEqual({ count: 0 })
})

test('an operator that is not known is named, and an expression that would backtrack for ever does not', async () => {
  expect((await post('find', { filter: { a: { $nope: 1 } } })).json.detail).toContain('$nope')
  await post('insert', { documents: [{ _id: 'u1', a: `${'a'.repeat(10_000)}!` }] })
  expect((await post('find', { filter: { a: { $regex: '^(a+)+$' } } })).json.documents).toEqual([])
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

describe('an idempotency key', () => {
  const keyed = (action: string, key: string, body: unknown) =>
    served.ask('POST', `/v1/collections/users/${action}`, {
      headers: { 'idempotency-key': key },
      body: JSON.stringify(body),
    })

  test('makes each write of a collection happen once, and a repeat be answered alike', async () => {
    const writes = [
      ['insert', { documents: [{ _id: 'u1', n: 0 }] }],
      ['insert', { documents: [{ n: 1 }, { _id: 'u2', n: 2 }] }],
      ['update', { filter: { _id: 'u1' }, update: { $inc: { n: 10 } } }],
      ['update', { filter: {}, update: { $inc: { n: 10 } }, many: true }],
      ['update', { filter: { name: 'new' }, update: { $set: { n: 3 } }, upsert: true }],
      ['replace', { documents: [{ _id: 'u3', n: 4 }] }],
      ['delete', { filter: { n: 4 } }],
    ] as const
    for (const [place, [action, body]] of writes.entries()) {
      const first = await keyed(action, `k${place}`, body)
      const there = await served.ask('POST', '/v1/collections/users/find', { body: '{}' })
      const repeat = await keyed(action, `k${place}`, body)
      expect([first.status, repeat.status, repeat.json]).toEqual([200, 200, first.json])
      expect((await served.ask('POST', '/v1/collections/users/find', { body: '{}' })).json).toEqual(there.json)
    }
    expect((await post('count', {})).json).toEqual({ count: 4 })
  })

  test('of another request, or beside a precondition, is refused, and nothing is written', async () => {
    await keyed('insert', 'k', { documents: [{ _id: 'u1' }] })
    expect(await keyed('insert', 'k', { documents: [{ _id: 'u2' }] })).toMatchObject({
      status: 422,
      json: { code: 'IDEMPOTENCY_KEY_REUSED' },
    })
    const both = { body: '{}', headers: { 'idempotency-key': 'k2', 'if-none-match': '*' } }
    expect(await served.ask('PUT', '/v1/collections/users/u3', both)).toMatchObject({
      status: 400,
      json: { code: 'IDEMPOTENCY_KEY_INVALID' },
    })
    expect((await post('find', {})).json.documents).toEqual([{ _id: 'u1' }])
  })

  test('covers writes of one document', async () => {
    const at = '/v1/collections/users/u1'
    const put = (key: string) => served.ask('PUT', at, { body: '{"a":1}', headers: { 'idempotency-key': key } })
    expect([(await put('a')).status, (await put('a')).status, (await put('b')).status]).toEqual([201, 201, 204])
    const remove = () => served.ask('DELETE', at, { headers: { 'idempotency-key': 'd' } })
    expect((await remove()).status).toBe(204)
    await put('c')
    expect((await remove()).status).toBe(204)
    expect((await served.ask('GET', at)).status).toBe(200)
    const mismatch = { body: '{"_id":"u2"}', headers: { 'idempotency-key': 'e' } }
    expect((await served.ask('PUT', '/v1/collections/users/u9', mismatch)).status).toBe(400)
    expect((await post('count', {})).json).toEqual({ count: 1 })
  })
})

test('indexes are declared, told of, used and dropped', async () => {
  await post('insert', {
    documents: [
      { _id: 'u1', email: 'a' },
      { _id: 'u2', email: 'b' },
    ],
  })
  const at = '/v1/collections/users/indexes'
  const index = JSON.stringify({ keys: { email: 1 }, unique: true, where: { email: { $gt: '' } } })
  const made = await served.ask('PUT', `${at}/byEmail`, { body: index })
  expect(made).toMatchObject({
    status: 202,
    json: { name: 'byEmail', keys: { email: 1 }, unique: true, sparse: false },
  })
  expect((await served.ask('PUT', `${at}/byEmail`, { body: index })).status).toBe(202)
  expect((await served.ask('PUT', `${at}/byEmail`, { body: '{"keys":{"age":1}}' })).json).toMatchObject({
    status: 422,
    name: 'IndexConflict',
  })
  for (const bad of ['{"keys":{}}', '{"keys":{"a":2}}', '{"keys":{"a":1},"uniq":true}', '{}', '[]'])
    expect((await served.ask('PUT', `${at}/bad`, { body: bad })).status).toBe(400)
  await new Collection(served.db, defineCollection('users'), true).waitForIndexes()
  expect((await served.ask('GET', at)).json.indexes).toMatchObject([
    { name: 'byEmail', where: { email: { $gt: '' } }, state: 'ready', failure: null, documentsBuilt: null },
  ])
  expect((await post('find', { filter: { email: { $gt: '' } }, hint: 'byEmail' })).json.documents).toHaveLength(2)
  expect((await post('insert', { documents: [{ email: 'a' }] })).status).toBe(409)
  for (let turn = 0; turn < 2; turn++) expect((await served.ask('DELETE', `${at}/byEmail`)).status).toBe(204)
  expect((await served.ask('GET', at)).json).toEqual({ indexes: [] })
})

describe('a watch', () => {
  const watch = async (query: string, lastEventId?: string): Promise<ReturnType<typeof eventsOf>> => {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    // Apart from the pool of `fetch`, which opens connections ahead that a server cannot tell from slow ones.
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${served.server.url}/v1/collections/users/watch${query}`, { headers, agent: false }, resolve).on(
        'error',
        reject,
      )
    })
    expect(response.statusCode).toBe(200)
    return eventsOf(response)
  }

  test('tells each transaction, and goes on behind the last event that was seen', async () => {
    const first = await watch(`?filter=${encodeURIComponent('{"org":"x"}')}`)
    const { id: start } = await nextOf(first)
    await post('insert', { documents })
    const inserted = await nextOf(first)
    expect(inserted.data).toMatchObject({ position: Number(inserted.id), missed: false })
    expect(inserted.data.changes).toEqual([
      { operation: 'insert', id: 'u1', before: null, after: documents[0] },
      { operation: 'insert', id: 'u2', before: null, after: documents[1] },
    ])
    await first.return(undefined)
    await post('update', { filter: { _id: 'u1' }, update: { $set: { org: 'y' } } })
    await post('delete', { filter: { _id: 3 } })
    await post('delete', { filter: { _id: 'u2' } })
    const again = await watch(`?filter=${encodeURIComponent('{"org":"x"}')}`, inserted.id)
    expect((await nextOf(again)).id).toBe(inserted.id)
    expect((await nextOf(again)).data.changes).toMatchObject([{ operation: 'update', after: { org: 'y' } }])
    expect((await nextOf(again)).data.changes).toMatchObject([{ operation: 'delete', id: 'u2', after: null }])
    await again.return(undefined)
    const anew = await watch(`?from=${start}`)
    await nextOf(anew)
    expect((await nextOf(anew)).data).toMatchObject({ position: inserted.data.position })
    await anew.return(undefined)
  })

  test('says where changes are gone from the history, and goes on from now', async () => {
    const ahead = await watch('', '900000000000')
    await nextOf(ahead)
    expect((await nextOf(ahead)).data).toMatchObject({ missed: true, changes: [] })
    await post('insert', { documents: [{ _id: 'u1' }] })
    expect((await nextOf(ahead)).data).toMatchObject({ missed: false, changes: [{ id: 'u1' }] })
    await ahead.return(undefined)
  })

  test.each([
    ['?filter=nonsense', 400, undefined],
    ['?filter=[]', 400, undefined],
    ['?from=-1', 400, undefined],
    [`?filter=${encodeURIComponent('{"a":{"$where":"1"}}')}`, 422, 'FilterInvalid'],
  ])('%s is refused', async (query, status, name) => {
    const answer = await served.ask('GET', `/v1/collections/users/watch${query}`)
    expect([answer.status, answer.json.name]).toEqual([status, name])
  })
})

interface WatchEvent {
  readonly id: string
  readonly data: any // oxlint-disable-line typescript/no-explicit-any -- a test looks at whatever comes
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<WatchEvent> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const member = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const [id, data] = [member('id'), member('data')]
      if (id !== undefined) yield { id, data: data === undefined ? undefined : JSON.parse(data) }
    }
  }
}

async function nextOf(events: AsyncGenerator<WatchEvent>): Promise<WatchEvent> {
  // A stream that ends is a failure of the test that reads on.
  return (await events.next()).value as WatchEvent
}
