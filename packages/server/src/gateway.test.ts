// The routes over a database in memory, with a real client over a real socket: statuses, headers and bodies, preconditions,
// idempotency keys, tokens. Times are driven by the clock.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kvSpace } from '@streamy-db/kv'
import { ManualClock } from '@streamy-db/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServedDatabase } from './testing/served-database.ts'

let served: ServedDatabase
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock(1_700_000_000_000)
  served = await ServedDatabase.start({ clock })
})
// A fault of the server fails the test in which it happens.
afterEach(async () => {
  if (served.faults.length > 0) throw new AggregateError(served.faults, 'The server had faults.')
  await served[Symbol.asyncDispose]()
})

describe('an entry', () => {
  test('is put, got, replaced and deleted', async () => {
    const created = await served.ask('PUT', '/v1/kv/people/users/~42', { body: { name: 'Ada' } })
    expect(created.status).toBe(201)
    expect(created.headers.get('etag')).toBe(`"${created.json.version}"`)
    const found = await served.ask('GET', '/v1/kv/people/users/~42')
    expect(found).toMatchObject({ status: 200, json: { name: 'Ada' } })
    expect(found.headers.get('etag')).toBe(created.headers.get('etag'))
    expect(await kvSpace(served.db, 'people').get(['users', 42])).toMatchObject({ value: { name: 'Ada' } })
    expect((await served.ask('PUT', '/v1/kv/people/users/~42', { body: '2' })).status).toBe(200)
    expect((await served.ask('DELETE', '/v1/kv/people/users/~42')).status).toBe(204)
    expect(await served.ask('GET', '/v1/kv/people/users/~42')).toMatchObject({
      status: 404,
      json: { code: 'KEY_ABSENT' },
    })
    expect((await served.ask('HEAD', '/v1/kv/people/users/~42')).status).toBe(404)
  })

  test('that is as the client knows it is not sent again', async () => {
    const { json } = await served.ask('PUT', '/v1/kv/s/a', { body: '1' })
    const tag = `"${json.version}"`
    for (const known of [tag, `"0", ${tag}`, '*', `W/${tag}`])
      expect((await served.ask('GET', '/v1/kv/s/a', { headers: { 'if-none-match': known } })).status).toBe(304)
    expect((await served.ask('GET', '/v1/kv/s/a', { headers: { 'if-none-match': '"0"' } })).status).toBe(200)
  })

  test('is written only where the preconditions hold', async () => {
    const put = async (headers: Record<string, string>, body = '1') =>
      await served.ask('PUT', '/v1/kv/s/a', { headers, body })
    expect((await put({ 'if-match': '*' })).status).toBe(412)
    const first = await put({ 'if-none-match': '*' })
    expect(first.status).toBe(201)
    const refused = await put({ 'if-none-match': '*' }, '2')
    expect(refused).toMatchObject({ status: 412, json: { code: 'PRECONDITION_FAILED' } })
    expect(refused.headers.get('etag')).toBe(first.headers.get('etag'))
    const second = await put({ 'if-match': `"${first.json.version}"` }, '2')
    expect(second.status).toBe(200)
    expect((await put({ 'if-match': `"${first.json.version}"` }, '3')).status).toBe(412)
    expect((await put({ 'if-match': '"nonsense"' }, '3')).status).toBe(412)
    expect((await put({ 'if-match': `"x", "${second.json.version}"` }, '3')).status).toBe(200)
    expect((await put({ 'if-none-match': `"${second.json.version}"` }, '4')).status).toBe(200)
    expect((await served.ask('GET', '/v1/kv/s/a')).json).toBe(4)
    expect((await served.ask('DELETE', '/v1/kv/s/a', { headers: { 'if-match': '"x"' } })).status).toBe(412)
    expect((await served.ask('DELETE', '/v1/kv/s/a', { headers: { 'if-match': '*' } })).status).toBe(204)
    expect((await put({ 'if-match': 'no quotes' })).status).toBe(400)
  })

  test('may be bytes, and is told as such', async () => {
    const bytes = Uint8Array.of(0, 255, 10)
    await served.ask('PUT', '/v1/kv/s/b', { headers: { 'content-type': 'application/octet-stream' }, body: bytes })
    expect((await served.ask('GET', '/v1/kv/s/b')).json).toEqual({ $bytes: 'AP8K' })
    const raw = await fetch(`${served.server.url}/v1/kv/s/b`, { headers: { accept: 'application/octet-stream' } })
    expect(new Uint8Array(await raw.arrayBuffer())).toEqual(bytes)
    await served.ask('PUT', '/v1/kv/s/t', { body: '"hé"' })
    expect((await served.ask('GET', '/v1/kv/s/t')).json).toBe('hé')
    expect((await served.ask('GET', '/v1/kv/s/t', { headers: { accept: 'application/octet-stream' } })).status).toBe(
      406,
    )
    expect(
      (await served.ask('PUT', '/v1/kv/s/x', { headers: { 'content-type': 'image/png' }, body: 'x' })).status,
    ).toBe(415)
  })

  test('is gone when its time is over', async () => {
    expect((await served.ask('PUT', '/v1/kv/s/a?expireIn=1000', { body: '1' })).status).toBe(201)
    expect((await served.ask('GET', '/v1/kv/s/a')).headers.get('streamy-expires-at')).toBe('2023-11-14T22:13:21.000Z')
    clock.advance(2000)
    expect((await served.ask('PUT', '/v1/kv/s/other', { body: '1' })).status).toBe(201)
    expect((await served.ask('GET', '/v1/kv/s/a')).status).toBe(404)
    expect((await served.ask('PUT', '/v1/kv/s/a', { body: '2' })).status).toBe(201)
  })

  test('is read as it was', async () => {
    const { json } = await served.ask('PUT', '/v1/kv/s/a', { body: '1' })
    await served.ask('PUT', '/v1/kv/s/a', { body: '2' })
    expect((await served.ask('GET', `/v1/kv/s/a?at=${json.version}`)).json).toBe(1)
    expect((await served.ask('GET', `/v1/kv/s?at=${json.version}`)).json.items).toMatchObject([{ value: 1 }])
    const many = await served.ask('POST', '/v1/kv/s/get', { body: { keys: [['a']], at: json.version } })
    expect(many.json.entries).toMatchObject([{ value: 1 }])
    expect((await served.ask('GET', '/v1/kv/s/a?at=yesterday')).status).toBe(400)
    expect((await served.ask('GET', '/v1/kv/s/a?at=0000000000ffffffffff')).status).toBe(400)
  })
})

describe('many entries', () => {
  beforeEach(async () => {
    const updates = Array.from({ length: 25 }, (_, n) => ({ set: ['n', n], value: n }))
    await kvSpace(served.db, 's').transact({ updates })
  })

  test('are listed page by page, either way, each exactly once', async () => {
    const all = Array.from({ length: 25 }, (_, n) => n)
    for (const [reverse, expected] of [
      [false, all],
      [true, all.toReversed()],
    ] as const) {
      const pages = await pagesOf(`/v1/kv/s?prefix=n&limit=10&reverse=${reverse}`)
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5])
      expect(pages.flat()).toEqual(expected)
    }
  })

  test('are streamed as lines', async () => {
    const { text } = await served.ask('GET', '/v1/kv/s?start=["n",20]', { headers: { accept: 'application/x-ndjson' } })
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).value),
    ).toEqual([20, 21, 22, 23, 24])
  })

  test('are got together', async () => {
    const { json } = await served.ask('POST', '/v1/kv/s/get', { body: { keys: [['n', 1], ['none']] } })
    expect(json.entries).toMatchObject([
      { key: ['n', 1], value: 1 },
      { key: ['none'], value: null, version: null },
    ])
  })
})

describe('a transaction', () => {
  const path = '/v1/kv/s/transactions'

  test('asserts, updates and gets, in typed JSON', async () => {
    const body = {
      asserts: [{ key: ['a'], exists: false }],
      updates: [
        { set: ['a'], value: { $date: '2026-01-01T00:00:00.000Z' } },
        { sum: ['n'], value: { $bigint: '5' } },
      ],
      gets: [['n'], { range: { prefix: [] } }],
    }
    const done = await served.ask('POST', path, { body })
    expect(done).toMatchObject({ status: 200, json: { ok: true } })
    expect(done.json.gets[0]).toMatchObject({ key: ['n'], value: { $bigint: '5' } })
    expect(done.json.gets[1].items).toHaveLength(2)
    expect(await kvSpace(served.db, 's').get(['a'])).toMatchObject({ value: new Date('2026-01-01T00:00:00Z') })
    const refused = await served.ask('POST', path, { body })
    expect(refused).toMatchObject({ status: 409, json: { ok: false, failed: { index: 0, entry: { key: ['a'] } } } })
    expect((await served.ask('GET', '/v1/kv/s/n')).json).toEqual({ $bigint: '5' })
  })

  test('that meets a value of another kind is refused', async () => {
    await served.ask('PUT', '/v1/kv/s/text', { body: '"x"' })
    const refused = await served.ask('POST', path, { body: { updates: [{ sum: ['text'], value: 1 }] } })
    expect(refused).toMatchObject({ status: 422, json: { code: 'ACTOR_ERROR', name: 'KvTypeMismatch' } })
  })
})

describe('an actor', () => {
  const at = (message: string): string => `/v1/actors/Account/alice/${message}`

  test('is called and asked', async () => {
    const done = await served.ask('POST', at('deposit'), { body: [5] })
    expect(done).toMatchObject({ status: 200, json: 5 })
    expect(Number(done.headers.get('streamy-position'))).toBeGreaterThan(0)
    expect((await served.ask('POST', at('statement'))).json).toEqual({ key: 'alice', balance: 5 })
    expect((await served.ask('POST', at('close'), { body: [] })).status).toBe(204)
    const typed = { $map: [[{ $bigint: '1' }, { $set: [{ $bytes: 'AP8=' }] }]] }
    expect((await served.ask('POST', at('echo'), { body: [typed] })).json).toEqual(typed)
  })

  test('tells what its handler threw', async () => {
    const refused = await served.ask('POST', at('withdraw'), { body: [5] })
    expect(refused).toMatchObject({
      status: 422,
      json: { name: 'InsufficientFunds', data: { balance: 0 }, detail: 'not enough' },
    })
  })

  test('has a key of any text', async () => {
    const key = 'ä/b c%'
    await served.ask('POST', `/v1/actors/Account/${encodeURIComponent(key)}/deposit`, { body: [1] })
    expect((await served.ask('POST', `/v1/actors/Account/${encodeURIComponent(key)}/statement`)).json.key).toBe(key)
  })

  test.each([
    ['/v1/actors/Acount/a/deposit', 'ACTOR_UNKNOWN'],
    ['/v1/actors/Account/a/nope', 'MESSAGE_UNKNOWN'],
    ['/v1/actors/Account/a/constructor', 'MESSAGE_UNKNOWN'],
    ['/v1/actors/__proto__/a/deposit', 'ACTOR_UNKNOWN'],
    ['/v1/actors/kv.Entry/s%2Fa/set', 'ACTOR_UNKNOWN'],
    ['/v1/actors/http.IdempotencyKey/a/use', 'ACTOR_UNKNOWN'],
  ])('that is not there is not found: %s', async (path, code) => {
    expect(await served.ask('POST', path, { body: [] })).toMatchObject({ status: 404, json: { code } })
  })
})

describe('an idempotency key', () => {
  const call = (key: string, amount: number) =>
    served.ask('POST', '/v1/actors/Account/alice/deposit', { headers: { 'idempotency-key': key }, body: [amount] })

  test('makes a request happen once, and a repeat be answered alike', async () => {
    const [first, ...others] = await Promise.all([call('k', 5), call('k', 5), call('k', 5)])
    const later = await call('k', 5)
    for (const repeat of [...others, later]) {
      expect(repeat).toMatchObject({ status: 200, json: 5 })
      expect(repeat.headers.get('streamy-position')).toBe(first.headers.get('streamy-position'))
    }
    expect((await call('k2', 5)).json).toBe(10)
  })

  test('covers entries and transactions, refusals included', async () => {
    const headers = { 'idempotency-key': 'k' }
    const put = () => served.ask('PUT', '/v1/kv/s/a', { headers, body: '1' })
    const [first, repeat] = [await put(), await put()]
    expect([first.status, repeat.status]).toEqual([201, 201])
    expect(repeat.json).toEqual(first.json)
    const body = { asserts: [{ key: ['b'], exists: true }], updates: [{ sum: ['n'], value: 1 }] }
    const transact = () => served.ask('POST', '/v1/kv/s/transactions', { headers: { 'idempotency-key': 't' }, body })
    expect((await transact()).status).toBe(409)
    await served.ask('PUT', '/v1/kv/s/b', { body: '1' })
    expect((await transact()).status).toBe(409)
    const remove = () => served.ask('DELETE', '/v1/kv/s/b', { headers: { 'idempotency-key': 'd' } })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204])
  })

  test('of another request is refused, and nothing is done', async () => {
    await call('k', 5)
    expect(await call('k', 6)).toMatchObject({ status: 422, json: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    expect((await served.ask('POST', '/v1/actors/Account/alice/statement')).json.balance).toBe(5)
    for (const bad of ['', ' ', 'a b', 'x'.repeat(256)]) expect((await call(bad, 1)).status).toBe(400)
  })

  test('never lets a request happen again while it is known, also when its outcome is not', async () => {
    await call('k', 5)
    clock.advance(31 * 60_000)
    expect(await call('k', 5)).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_OUTCOME_GONE' } })
    clock.advance(61 * 60_000)
    expect((await call('other', 1)).json).toBe(6)
    expect((await call('k', 5)).json).toBe(11)
  })

  test('holds over a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streamy-server-'))
    const send = async (): Promise<unknown> => {
      await using again = await ServedDatabase.start({ directory, clock })
      const headers = { 'idempotency-key': 'k' }
      const { json, headers: told } = await again.ask('POST', '/v1/actors/Account/a/deposit', { headers, body: [5] })
      return [json, told.get('streamy-position')]
    }
    const first = await send()
    expect(await send()).toEqual(first)
    await rm(directory, { recursive: true })
  })
})

describe('tokens', () => {
  const admin = 'the-secret-of-the-admin'
  const reader = 'the-secret-of-the-reader'
  const as = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })

  test('say who may do what', async () => {
    await using guarded = await ServedDatabase.start({
      tokens: [
        { name: 'admin', token: admin, rights: ['read', 'write', 'metrics'], spaces: ['*'], actors: ['*'] },
        { name: 'reader', token: reader, rights: ['read'], spaces: ['open-*'], actors: ['Account'] },
      ],
    })
    const status = async (method: string, path: string, secret: string): Promise<number> =>
      (await guarded.ask(method, path, { ...as(secret), ...(method !== 'GET' && { body: '[1]' }) })).status
    expect((await guarded.ask('GET', '/v1/kv/open-a')).headers.get('www-authenticate')).toBe('Bearer')
    expect((await guarded.ask('GET', '/v1/kv/open-a', as('wrong'))).status).toBe(401)
    expect(await status('PUT', '/v1/kv/open-a/k', admin)).toBe(201)
    expect(await status('GET', '/v1/kv/open-a/k', reader)).toBe(200)
    for (const [method, path] of [
      ['PUT', '/v1/kv/open-a/k'],
      ['DELETE', '/v1/kv/open-a/k'],
      ['POST', '/v1/kv/open-a/transactions'],
      ['GET', '/v1/kv/closed/k'],
      ['GET', '/v1/kv/closed'],
      ['GET', '/v1/kv/closed/watch'],
      ['GET', '/v1/kv/open-a/../closed/k'],
      ['POST', '/v1/actors/Account/a/deposit'],
      ['POST', '/v1/actors/Other/a/statement'],
      ['POST', '/kv-connect/closed'],
      ['POST', '/kv-connect/closed/snapshot_read'],
      ['POST', '/kv-connect/open-a/atomic_write'],
      ['GET', '/metrics'],
    ] as const)
      expect([method, path, await status(method, path, reader)]).toEqual([method, path, 403])
    expect(await status('POST', '/v1/actors/Account/a/statement', reader)).toBe(200)
    for (const path of ['/healthz', '/readyz', '/openapi.json'])
      expect((await guarded.ask('GET', path)).status).toBe(200)
  })

  test('keep what they send under idempotency keys apart', async () => {
    const tokens = [admin, reader].map((token) => ({ name: token, token, rights: ['write'] as const, actors: ['*'] }))
    await using guarded = await ServedDatabase.start({ tokens })
    for (const [secret, balance] of [
      [admin, 5],
      [reader, 10],
      [admin, 5],
    ] as const) {
      const headers = { authorization: `Bearer ${secret}`, 'idempotency-key': 'same' }
      expect((await guarded.ask('POST', '/v1/actors/Account/a/deposit', { headers, body: [5] })).json).toBe(balance)
    }
  })

  test('are needed where others than this machine can connect', async () => {
    await expect(ServedDatabase.start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  })

  test('are not needed on the loopback, where pages of other sites are refused', async () => {
    const ask = (headers: Record<string, string>) => served.ask('GET', '/v1/kv/s', { headers })
    expect((await ask({ origin: 'http://localhost:3000' })).status).toBe(200)
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await ask({ origin: 'null' })).status).toBe(403)
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })
})

test('health, readiness and metrics', async () => {
  expect(await served.ask('GET', '/healthz')).toMatchObject({ status: 200, text: 'ok\n' })
  expect(await served.ask('GET', '/readyz')).toMatchObject({ status: 200 })
  await served.ask('PUT', '/v1/kv/s/a', { body: '1' })
  await served.ask('GET', '/v1/kv/s/none')
  const { text } = await served.ask('GET', '/metrics')
  expect(text).toMatch(
    /streamy_http_request_duration_seconds_count\{method="PUT",route="\/v1\/kv\/\{space\}\/\{key\}",status="201"\} 1/,
  )
  expect(text).toMatch(/streamy_http_problems_total\{code="KEY_ABSENT"\} 1/)
  expect(text).toMatch(/streamy_position \d+/)
})

test('a database that is closed is not ready, and says to try again', async () => {
  await served.db.close()
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
  expect((await served.ask('GET', '/readyz')).status).toBe(503)
  const refused = await served.ask('GET', '/v1/kv/s/a')
  expect(refused).toMatchObject({ status: 503, json: { code: 'DATABASE_CLOSED' } })
  expect(refused.headers.get('retry-after')).toBe('1')
})

async function pagesOf(path: string): Promise<number[][]> {
  const pages: number[][] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { json } = await served.ask('GET', cursor === undefined ? path : `${path}&cursor=${cursor}`)
    pages.push(json.items.map((item: { readonly value: number }) => item.value))
    cursor = json.cursor as string | null
  }
  return pages
}
