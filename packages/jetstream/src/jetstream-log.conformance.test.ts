// The log passes the core's conformance suite on both versions of the server that are supported.

import { afterAll, beforeAll, describe } from 'vitest'
import { testLogConformance } from '@streamy-db/core/testing'
import { createLogStream } from './log-stream.ts'
import { connectNats, type NatsConnection } from './nats-connection.ts'
import { startNatsServer, type NatsServer } from './testing/nats-server.ts'

describe.each(['oldest', 'newest'] as const)('on the %s server', (version) => {
  let server: NatsServer
  let connection: NatsConnection
  let databases = 0

  beforeAll(async () => {
    server = await startNatsServer({ version })
    connection = await connectNats({ servers: server.url })
  })

  afterAll(async () => {
    await connection.close()
    await server.stop()
  })

  testLogConformance('JetStreamLog', async () => {
    const name = `conformance-${databases++}`
    return {
      open: async () => (await createLogStream(connection, { name, maxBytes: 64 * 1024 * 1024 })).log,
      discard: async () => {},
      durable: true,
    }
  })
})
