// Replies reach the client they are for, together where they can; and nobody is made to publish what is no reply.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectNats } from './nats-connection.ts'
import { ReplyInbox, ReplySender } from './reply-inbox.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'
import { ScriptedConnection } from './testing/scripted-connection.ts'

let server: NatsServer

beforeAll(async () => {
  server = await startNatsServer()
})

afterAll(async () => await server.stop())

it('brings replies of any size to the client they are for', async () => {
  const [worker, alice, bob] = await Promise.all([1, 2, 3].map(() => connectNats({ servers: server.url })))
  const received: Record<'alice' | 'bob', Uint8Array[]> = { alice: [], bob: [] }
  const inboxes = {
    alice: new ReplyInbox(alice!, (reply) => received.alice.push(new Uint8Array(reply))),
    bob: new ReplyInbox(bob!, (reply) => received.bob.push(new Uint8Array(reply))),
  }
  await Promise.all([alice!.flush(), bob!.flush()])
  const sender = new ReplySender(worker!)
  const large = new Uint8Array(5_000_000).map((_, index) => index & 0xff)
  for (const reply of [Uint8Array.of(1), Uint8Array.of(2), large]) sender.send(inboxes.alice.subject, reply)
  sender.send(inboxes.bob.subject, Uint8Array.of(3))
  await nextTurn()
  await worker!.flush()
  await Promise.all([alice!.flush(), bob!.flush()])
  expect(received.alice.map((reply) => reply.length).toSorted((left, right) => left - right)).toEqual([1, 1, 5_000_000])
  expect(Buffer.compare(received.alice.at(-1)!, large)).toBe(0)
  expect(received.bob).toEqual([Uint8Array.of(3)])
  inboxes.bob.close()
  sender.send(inboxes.bob.subject, Uint8Array.of(4))
  sender.close()
  await worker!.flush()
  await bob!.flush()
  expect(received.bob).toHaveLength(1)
  await Promise.all([worker, alice, bob].map((connection) => connection!.close()))
})

it('sends the replies of one turn to one client together', async () => {
  const connection = new ScriptedConnection()
  const sender = new ReplySender(connection)
  for (let index = 0; index < 100; index++) sender.send(`_INBOX.client.${index % 2}`, Uint8Array.of(index))
  await nextTurn()
  expect(connection.take().map(({ subject }) => subject)).toEqual(['_INBOX.client.0', '_INBOX.client.1'])
})

it('publishes to nothing but inboxes', async () => {
  const connection = new ScriptedConnection()
  const sender = new ReplySender(connection)
  const others = [
    '',
    '$JS.API.STREAM.DELETE.S',
    'streamy.d.log',
    'streamy.d.p.0',
    '_INBOX',
    '_INBOX.',
    '_INBOX.*',
    '_INBOX.a.>',
    '_INBOX.a b',
    '_INBOX.a\r\nPUB x 0',
    `_INBOX.${'a'.repeat(300)}`,
  ]
  for (const subject of others) sender.send(subject, Uint8Array.of(1))
  await nextTurn()
  expect(connection.take()).toEqual([])
  expect(sender.unsent).toBe(others.length)
})
