// Hostile requests. Goal: whatever comes in is answered with a typed refusal or loses its connection, nothing is written, the
// server does not grow, and others are served meanwhile. Method: raw sockets that do what no client does, and well-formed
// requests whose content is not.

import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { kvSpace } from '@streamy-db/kv'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Listener } from './http/listener.ts'
import { serverLimits } from './limits.ts'
import { ServedDatabase } from './testing/served-database.ts'

let served: ServedDatabase
const sockets: Socket[] = []

beforeEach(async () => {
  served = await ServedDatabase.start()
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await served[Symbol.asyncDispose]()
})

describe('a body', () => {
  test('that ends before it should writes nothing', async () => {
    const socket = await dial(served.server.port)
    socket.write(head('PUT', '/v1/kv/s/a', { 'content-length': 100 }) + '"half of')
    socket.resume().end()
    await once(socket, 'close')
    expect(socket.destroyed).toBe(true)
    await expectUnharmed()
  })

  test('whose connection breaks writes nothing', async () => {
    const socket = await dial(served.server.port)
    socket.write(head('PUT', '/v1/kv/s/a', { 'content-length': 100 }) + '"half of')
    // What was written has arrived when the other connection is answered behind it.
    await served.ask('GET', '/healthz')
    socket.resetAndDestroy()
    await once(socket, 'close')
    expect(socket.destroyed).toBe(true)
    await expectUnharmed()
  })

  test('that is announced as too large is refused before it is sent', async () => {
    const socket = await dial(served.server.port)
    socket.write(head('PUT', '/v1/kv/s/a', { 'content-length': 1e12 }))
    expect(await responseOf(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*BODY_TOO_LARGE/)
    await expectUnharmed()
  })

  test('that never ends is cut off, and not kept', async () => {
    const before = process.memoryUsage().arrayBuffers
    const socket = await dial(served.server.port)
    socket.write(head('PUT', '/v1/kv/s/a', { 'transfer-encoding': 'chunked' }))
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const response = responseOf(socket)
    let sent = 0
    socket.on('error', () => {})
    const pour = (): void => {
      while (!socket.destroyed && sent < 64 * 1024 * 1024) {
        sent += chunk.length
        if (!socket.write(chunk)) return void socket.once('drain', pour)
      }
    }
    pour()
    expect(await response).toMatch(/^HTTP\/1\.1 413 /)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * serverLimits.bodyBytesMax)
    await expectUnharmed()
  })

  test.each([
    ['no JSON', '{"a":', 'BODY_INVALID'],
    ['nothing', '', 'BODY_INVALID'],
    ['deep arrays', '['.repeat(200_000) + ']'.repeat(200_000), 'VALUE_NOT_ENCODABLE'],
    ['deep objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), 'VALUE_NOT_ENCODABLE'],
    ['deep typed sets', '{"$set":['.repeat(50_000) + ']}'.repeat(50_000), 'VALUE_NOT_ENCODABLE'],
    ['a prototype', '{"__proto__":{"polluted":true}}', 'VALUE_NOT_ENCODABLE'],
    ['a value that stands for none', '{"$undefined":true}', 'VALUE_NOT_ENCODABLE'],
    ['an unknown type', '{"$where":"1"}', 'VALUE_NOT_ENCODABLE'],
  ])('of %s is refused', async (_, body, code) => {
    const { status, json } = await served.ask('PUT', '/v1/kv/s/a', { body })
    expect([status, json.code]).toEqual([400, code])
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
    await expectUnharmed()
  })

  test('that is no UTF-8 is refused', async () => {
    const refused = await served.ask('PUT', '/v1/kv/s/a', { body: Uint8Array.of(0x22, 0xff, 0x22) })
    expect(refused).toMatchObject({ status: 400, json: { code: 'BODY_INVALID' } })
    await expectUnharmed()
  })

  test('of a value that is too large is refused', async () => {
    const refused = await served.ask('PUT', '/v1/kv/s/a', { body: JSON.stringify('x'.repeat(300_000)) })
    expect(refused).toMatchObject({ status: 413, json: { code: 'VALUE_TOO_LARGE' } })
    await expectUnharmed()
  })
})

describe('a transaction', () => {
  test.each<[string, unknown]>([
    ['that is a list', []],
    ['that is null', null],
    ['with an unknown member', { update: [] }],
    ['whose updates are an object', { updates: {} }],
    ['with an update that is null', { updates: [null] }],
    ['with an update of a prototype', JSON.parse('{"updates":[{"__proto__":{"set":["a"]},"value":1}]}')],
    ['with an update of two kinds', { updates: [{ set: ['a'], delete: ['a'], value: 1 }] }],
    ['with an update of no kind', { updates: [{ value: 1 }] }],
    ['with a key that is a text', { updates: [{ set: 'a', value: 1 }] }],
    ['with a key of objects', { updates: [{ set: [{}], value: 1 }] }],
    ['with a key of null', { updates: [{ set: [null], value: 1 }] }],
    ['with no value', { updates: [{ set: ['a'] }] }],
    ['with an expiry that is a text', { updates: [{ set: ['a'], value: 1, expireIn: '5' }] }],
    ['with an expiry below zero', { updates: [{ set: ['a'], value: 1, expireIn: -5 }] }],
    ['with an assert without a key', { asserts: [{ exists: true }] }],
    ['with an assert that demands nothing', { asserts: [{ key: ['a'] }] }],
    ['with a version that is none', { asserts: [{ key: ['a'], version: 'x' }] }],
    ['with a range of texts', { gets: [{ range: { prefix: 'a' } }] }],
    ['with a range that is misspelt', { gets: [{ range: { perfix: ['a'] } }] }],
    ['with a limit of a text', { gets: [{ range: {}, limit: 'x' }] }],
    ['with entries of an assert that are none', { asserts: [{ range: {}, entries: [null] }] }],
    ['with a sum of a text', { updates: [{ sum: ['a'], value: 'x' }] }],
    ['of nothing', {}],
    ['of too much', { updates: Array.from({ length: 1025 }, (_, n) => ({ set: ['a', n], value: 0 })) }],
  ])('%s is refused', async (_, body) => {
    const { status, json } = await served.ask('POST', '/v1/kv/s/transactions', { body })
    expect([status, json.kind]).toEqual([400, 'user'])
    await expectUnharmed()
  })
})

describe('a path or a query', () => {
  test.each([
    ['GET', '/v1/kv/s/a//b', 400],
    ['GET', '/v1/kv/s/%ff', 400],
    ['GET', '/v1/kv/s/%', 400],
    ['GET', '/v1/kv/s/~', 400],
    ['GET', `/v1/kv/s/${'x'.repeat(3000)}`, 400],
    ['GET', `/v1/kv/s/${Array.from({ length: 300 }, () => 'x').join('/')}`, 400],
    ['GET', `/v1/kv/${'s'.repeat(65)}/a`, 400],
    ['GET', '/v1/kv/s%2Ft/a', 400],
    ['GET', '/v1/kv/%00/a', 400],
    ['GET', '/v1/kv/s?limit=0', 400],
    ['GET', '/v1/kv/s?limit=1e9', 400],
    ['GET', '/v1/kv/s?limit=5&limit=6', 400],
    ['GET', '/v1/kv/s?reverse=maybe', 400],
    ['GET', '/v1/kv/s?cursor=***', 400],
    ['GET', '/v1/kv/s?prefx=a', 400],
    ['GET', '/v1/kv/s?prefix=[1', 400],
    ['GET', '/v1/kv/s?__proto__=1', 400],
    ['GET', '/v1/kv/s/watch?from=x', 400],
    ['PUT', '/v1/kv/s/a?expireIn=-1', 400],
    ['GET', '/v1/kv', 404],
    ['GET', '/../../etc/passwd', 404],
    ['GET', '/v1/actors/Account/a/statement', 405],
    ['DELETE', '/v1/kv/s', 405],
  ])('%s %s is refused with %i', async (method, path, status) => {
    const refused = await served.ask(method, path, method === 'PUT' ? { body: '1' } : {})
    expect(refused.status).toBe(status)
    expect(refused.json.kind).toBe('user')
    await expectUnharmed()
  })

  test('with dots is not taken for another, however they are written', async () => {
    for (const path of ['/v1/kv/s/..%2f..%2fx', '/v1/kv/s/a%2f%2e%2e%2fb'])
      expect((await served.ask('GET', path)).json.code).toBe('KEY_ABSENT')
    const socket = await dial(served.server.port)
    socket.write(head('GET', '/v1/kv/other/../../healthz', {}))
    expect(await responseOf(socket)).toMatch(/^HTTP\/1\.1 404 /)
  })

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      head('PUT', '/v1/kv/s/a', {}, 'content-length: 1\r\ncontent-length: 2\r\n') + '1',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      head('PUT', '/v1/kv/s/a', { 'content-length': 1, 'transfer-encoding': 'chunked' }) + '1',
      /^HTTP\/1\.1 400 /,
    ],
    ['headers without an end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a foreign host', 'GET /v1/kv/s HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 403 /],
  ])('in a request of %s is refused', async (_, text, expected) => {
    const socket = await dial(served.server.port)
    socket.write(text)
    expect(await responseOf(socket)).toMatch(expected)
    await expectUnharmed()
  })
})

describe('KV Connect', () => {
  test.each([
    ['/', '{"supportedVersions":[9]}', 400],
    ['/', '{"supportedVersions":"3"}', 400],
    ['/', '[', 400],
    ['/kv-connect/s/atomic_write', '\xff\xff\xff\xff', 400],
    ['/kv-connect/s/snapshot_read', 'garbage', 400],
    ['/kv-connect/s/watch', '', 400],
  ])('%s with %j is refused as text', async (path, body, status) => {
    const refused = await served.ask('POST', path, { body: Buffer.from(body, 'latin1') })
    expect(refused.status).toBe(status)
    expect(refused.headers.get('content-type')).toMatch(/^text\/plain/)
    await expectUnharmed()
  })
})

test('HTTP/2 is bounded like HTTP/1.1', async () => {
  const session = connectHttp2(served.server.url)
  const request = session.request({ ':method': 'PUT', ':path': '/v1/kv/s/a' })
  request.on('error', () => {})
  request.write(Buffer.alloc(serverLimits.bodyBytesMax + 1))
  const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
  expect(headers[':status']).toBe(413)
  await expectUnharmed()
  session.destroy()
})

describe('a sender that is too slow', () => {
  const timing = { headersWithinMs: 20, requestWithinMs: 40, closeWithinMs: 20 }
  const bodies: string[] = []
  let listener: Listener
  let port: number

  beforeEach(async () => {
    bodies.length = 0
    listener = new Listener((incoming, outgoing) => {
      let body = ''
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
      incoming.on('end', () => bodies.push(body))
      // Both kinds of response end alike.
      incoming.on('end', () => (outgoing as { end(): void }).end())
    }, timing)
    port = await listener.listen({ host: '127.0.0.1', port: 0 })
  })
  afterEach(() => listener.close())

  test.each([
    ['says nothing', ''],
    ['says a part of the preface of HTTP/2', 'PRI * HT'],
    ['says a part of the headers', 'PUT / HTTP/1.1\r\nhost: x\r\n'],
    ['says a part of the body', 'PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf'],
  ])('and %s loses its connection', async (_, text) => {
    const socket = await dial(port)
    socket.write(text)
    socket.resume()
    await once(socket, 'close')
    expect(bodies).toEqual([])
    await listener.close()
    expect(listener.connections).toBe(0)
  })

  test('does not keep the server from closing', async () => {
    const socket = await dial(port)
    socket.on('error', () => {})
    socket.write('PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf')
    const closed = once(socket.resume(), 'close')
    await listener.close()
    await closed
    expect(listener.connections).toBe(0)
  })
})

// Nothing was written, nothing went wrong inside, and others are served.
async function expectUnharmed(): Promise<void> {
  expect(served.faults).toEqual([])
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
  expect(await kvSpace(served.db, 's').list({}).toArray()).toEqual([])
}

function head(method: string, path: string, headers: Record<string, unknown>, more = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}${more}\r\n`
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

// Everything until the server has answered, or has gone.
function responseOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const done = (): void => resolve(text)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const [, length] = /content-length: (\d+)/i.exec(text) ?? []
      const end = text.indexOf('\r\n\r\n')
      if (end >= 0 && (length === undefined || text.length >= end + 4 + Number(length))) done()
    })
    socket.on('close', done).on('error', done)
  })
}
