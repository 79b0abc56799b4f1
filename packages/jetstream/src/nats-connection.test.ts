// The connection over a real server: what arrives, what is said when the link goes and comes back, and who may connect.

import { connect } from 'nats'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import {
  adoptNatsConnection,
  connectNats,
  type ConnectionEvent,
  type NatsConnection,
  type NatsMessage,
} from './nats-connection.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (message: NatsMessage): string => new TextDecoder().decode(message.data)

let server: NatsServer
const open: NatsConnection[] = []

beforeAll(async () => {
  server = await startNatsServer({
    config: `accounts { A { jetstream: enabled, users: [
      { user: all, password: all },
      { user: some, password: some, permissions: { publish: ["allowed"], subscribe: ["_INBOX_some.>"] } } ] } }
      no_auth_user: all`,
  })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()))
})

afterAll(async () => await server.stop())

async function connected(user?: string): Promise<NatsConnection> {
  const connection = await connectNats({
    servers: server.url,
    ...(user === undefined ? {} : { user, password: user, inboxPrefix: `_INBOX_${user}` }),
  })
  open.push(connection)
  return connection
}

it('carries bytes, replies and headers', async () => {
  const connection = await connected()
  const received: NatsMessage[] = []
  const unsubscribe = connection.subscribe('a.*', (message) => received.push(message))
  connection.publish('a.1', bytes('plain'))
  connection.publish('a.2', bytes('full'), { reply: 'answer.here', headers: { 'X-One': '1', 'X-Two': 'two words' } })
  await connection.flush()
  expect(received.map(text)).toEqual(['plain', 'full'])
  expect(received.map(({ subject, reply, status }) => [subject, reply, status])).toEqual([
    ['a.1', '', 0],
    ['a.2', 'answer.here', 0],
  ])
  expect([received[1]?.header('X-One'), received[1]?.header('X-Two'), received[0]?.header('X-One')]).toEqual([
    '1',
    'two words',
    '',
  ])
  unsubscribe()
  connection.publish('a.3', bytes('late'))
  await connection.flush()
  expect(received).toHaveLength(2)
})

it('tells that nobody listens by a status', async () => {
  const connection = await connected()
  const answer = new Promise<NatsMessage>((resolve) => connection.subscribe('mine', resolve))
  connection.publish('nobody', bytes(''), { reply: 'mine' })
  expect((await answer).status).toBe(503)
})

it('tells when the link is lost and when it is back, with its subscriptions', async () => {
  const connection = await connected()
  const received: string[] = []
  connection.subscribe('a', (message) => received.push(text(message)))
  const [lost, back] = [event(connection, 'disconnected'), event(connection, 'reconnected')]
  await server.kill()
  await lost
  expect(connection.connected).toBe(false)
  await server.restart()
  await back
  expect(connection.connected).toBe(true)
  connection.publish('a', bytes('again'))
  await connection.flush()
  expect(received).toEqual(['again'])
})

it('tells which subject the server refuses', async () => {
  const connection = await connected('some')
  const refused = event(connection, 'refused')
  connection.publish('forbidden', bytes(''))
  expect(await refused).toEqual({ kind: 'refused', operation: 'publish', subject: 'forbidden' })
  const second = event(connection, 'refused')
  connection.subscribe('forbidden.too', () => expect.unreachable())
  expect(await second).toEqual({ kind: 'refused', operation: 'subscription', subject: 'forbidden.too' })
})

it('refuses a wrong password and an address where nobody listens', async () => {
  for (const options of [{ servers: server.url, user: 'some', password: 'wrong' }, { servers: 'nats://127.0.0.1:1' }])
    await expect(connectNats(options)).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE', kind: 'retry' })
})

it('refuses an inbox prefix that permissions could not tell from other subjects', async () => {
  for (const inboxPrefix of ['streamy', '_INBOX.>', '_INBOX.*', '_INBOX bank', '', '_INBOX.'])
    await expect(connectNats({ servers: server.url, inboxPrefix })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
})

it('sends nothing and refuses everything else after close', async () => {
  const connection = await connected()
  const closed = event(connection, 'closed')
  await connection.close()
  await connection.close()
  await closed
  expect([connection.connected, connection.closed]).toEqual([false, true])
  connection.publish('a', bytes(''))
  expect(() => connection.subscribe('a', () => {})).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
  await expect(connection.flush()).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
})

it('uses a connection that the program made, and leaves it open', async () => {
  const client = await connect({ servers: server.url, maxReconnectAttempts: -1 })
  const connection = adoptNatsConnection(client)
  const received: string[] = []
  connection.subscribe('a', (message) => received.push(text(message)))
  connection.publish('a', bytes('adopted'), { headers: { 'X-One': '1' } })
  await connection.flush()
  expect(received).toEqual(['adopted'])
  await connection.close()
  client.publish('a', 'late')
  await client.flush()
  expect(received).toEqual(['adopted'])
  expect(client.isClosed()).toBe(false)
  await client.close()
})

it('refuses a server that is too old', () => {
  const old = { ...silentClient, info: { version: '2.9.10', max_payload: 1_048_576 } }
  expect(() => adoptNatsConnection(old)).toThrow(expect.objectContaining({ code: 'SERVER_UNSUITABLE' }))
})

const silentClient = {
  publish: () => {},
  subscribe: () => ({ unsubscribe: () => {} }),
  flush: async () => {},
  async *status() {},
  closed: () => new Promise(() => {}),
  close: async () => {},
  isClosed: () => false,
}

function event(connection: NatsConnection, kind: ConnectionEvent['kind']): Promise<ConnectionEvent> {
  return new Promise((resolve) => {
    const stop = connection.onEvent((each) => {
      if (each.kind !== kind) return
      stop()
      resolve(each)
    })
  })
}
