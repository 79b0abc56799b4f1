// The transport passes the core's conformance suite over a real server, and minds neither nonsense nor a lost link.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PeerMessage } from '@streamy-db/core'
import { testTransportConformance } from '@streamy-db/core/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodeFrames } from './frame.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { NatsTransport } from './nats-transport.ts'
import { databaseSubjects } from './subjects.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'
import { ScriptedConnection } from './testing/scripted-connection.ts'

const vote: PeerMessage = { position: 1, from: 1, to: 2, kind: 'vote', vote: { kind: 'void' } }

let server: NatsServer

beforeAll(async () => {
  server = await startNatsServer({ maxPayload: 1024 * 1024 })
})

afterAll(async () => await server.stop())

let networks = 0

testTransportConformance('NatsTransport', async () => {
  const connections: NatsConnection[] = []
  const subjects = databaseSubjects(`network-${networks++}`)
  return {
    connect: async () => {
      const connection = await connectNats({ servers: server.url })
      connections.push(connection)
      return new NatsTransport(connection, subjects)
    },
    settle: async () => {
      // Twice, since a handler may send when it is called.
      for (let round = 0; round < 2; round++) {
        await nextTurn()
        // A flush comes back behind everything that was sent to that connection before.
        for (const connection of connections) await connection.flush()
        for (const connection of connections) await connection.flush()
      }
    },
    discard: async () => {
      await Promise.all(connections.map((connection) => connection.close()))
    },
  }
})

it('sends the messages of one turn to one partition together', async () => {
  const connection = new ScriptedConnection()
  const transport = new NatsTransport(connection, databaseSubjects('d'))
  for (let position = 1; position <= 100; position++) transport.send({ ...vote, position })
  for (let position = 1; position <= 100; position++) transport.send({ ...vote, position, to: 3 })
  expect(connection.take()).toEqual([])
  await nextTurn()
  expect(connection.take().map(({ subject }) => subject)).toEqual(['streamy.d.p.2', 'streamy.d.p.3'])
  await transport.close()
})

it('counts what is damaged, no message, or for another partition, and takes what follows', async () => {
  const connection = new ScriptedConnection()
  const transport = new NatsTransport(connection, databaseSubjects('d'))
  const received: PeerMessage[] = []
  transport.onMessage((message) => received.push(message))
  transport.listen([2])
  const sender = new ScriptedConnection()
  const peer = new NatsTransport(sender, databaseSubjects('d'))
  peer.send(vote)
  peer.send({ ...vote, to: 3 })
  await nextTurn()
  const [good, other] = sender.take()
  connection.arrive('streamy.d.p.2', new Uint8Array(0))
  connection.arrive(
    'streamy.d.p.2',
    good!.bytes.map((byte) => byte ^ 1),
  )
  connection.arrive('streamy.d.p.2', encodeFrames([Uint8Array.of(9, 9, 9)], 1024)[0]!)
  connection.arrive('streamy.d.p.2', other!.bytes)
  connection.arrive('streamy.d.p.2', good!.bytes)
  expect(received).toEqual([vote])
  expect(transport.counts).toEqual({ malformed: 3, abandoned: 0, unsent: 0, misdirected: 1 })
  await transport.close()
  await peer.close()
})

it('drops and counts what is sent while the link is lost', async () => {
  const connection = new ScriptedConnection()
  const transport = new NatsTransport(connection, databaseSubjects('d'))
  transport.send(vote)
  connection.tell({ kind: 'disconnected' })
  await nextTurn()
  transport.send(vote)
  await nextTurn()
  expect(transport.counts.unsent).toBe(2)
  connection.tell({ kind: 'reconnected' })
  transport.send(vote)
  await nextTurn()
  expect(connection.take()).toHaveLength(1)
  await transport.close()
})
