// The bus on real servers, old and new, and the transport over it; and what it makes of what is no frame.

import { PeerTransport } from '@streamy-db/core'
import type { MessageBus, Transport } from '@streamy-db/core'
import { testMessageBusConformance, testTransportConformance } from '@streamy-db/core/testing'
import { expect, test } from 'vitest'
import { connectNats } from './nats-connection.ts'
import type { NatsConnection } from './nats-connection.ts'
import { NatsMessageBus } from './nats-message-bus.ts'
import { startNatsServer } from './testing/nats-server.ts'

interface Network {
  connect(): Promise<NatsMessageBus>
  settle(): Promise<void>
  discard(): Promise<void>
}

for (const version of ['oldest', 'newest'] as const) {
  testMessageBusConformance(`The bus on the ${version} nats-server`, async () => startNetwork(version))

  testTransportConformance(`Peers on the ${version} nats-server`, async () => {
    const network = await startNetwork(version)
    const connect = async (): Promise<Transport> => {
      const bus = await network.connect()
      return new PeerTransport(bus, 'db')
    }
    return { connect, settle: () => network.settle(), discard: () => network.discard() }
  })
}

test('bytes that are no frame are dropped and counted, and hurt nobody', async () => {
  const network = await startNetwork('newest')
  try {
    const bus = await network.connect()
    const received: Uint8Array[] = []
    bus.listen('a', (message) => received.push(message))
    const raw = await network.raw()
    for (const bytes of [[], [1], [0, 0, 0, 0, 0, 0, 0, 0], Array.from({ length: 5000 }, () => 255)])
      raw.publish('streamy.a', Uint8Array.from(bytes))
    await raw.flush()
    const sender: MessageBus = await network.connect()
    sender.send('a', Uint8Array.of(7))
    await network.settle()
    expect(received.map((message) => Buffer.from(message).toString('hex'))).toEqual(['07'])
    expect(bus.counts.malformed).toBe(4)
  } finally {
    await network.discard()
  }
})

async function startNetwork(version: 'oldest' | 'newest'): Promise<Network & { raw(): Promise<NatsConnection> }> {
  const server = await startNatsServer({ version })
  const connections: NatsConnection[] = []
  const raw = async (): Promise<NatsConnection> => {
    const connection = await connectNats({ servers: server.url })
    connections.push(connection)
    return connection
  }
  return {
    raw,
    connect: async () => {
      const connection = await raw()
      return new NatsMessageBus(connection)
    },
    settle: async () => {
      // What one turn sends leaves at its end; then once to the server and back, for senders and for listeners.
      await new Promise((resolve) => setImmediate(resolve))
      for (const connection of connections) if (!connection.closed) await connection.flush()
      for (const connection of connections) if (!connection.closed) await connection.flush()
    },
    discard: async () => {
      for (const connection of connections) await connection.close()
      await server.stop()
    },
  }
}
