// How many entries a second the log takes and gives, at 200 bytes and at 64 KiB, by a server that flushes every write and by
// one that does not. Server, client and reader share this machine's processors and its disk. It ignores the network,
// replicas, and everything above the log. One iteration is `COUNT` entries.
//
//   npx vitest bench packages/jetstream

import { afterAll, bench, describe } from 'vitest'
import { createLogStream, type OpenedLog } from './log-stream.ts'
import { connectNats } from './nats-connection.ts'
import { startNatsServer } from './testing/nats-server.ts'

const MIB = 1024 * 1024
const sizes = [200, 64 * 1024]
const options = { warmupIterations: 1, iterations: 5, time: 0, warmupTime: 0 }

for (const syncInterval of ['2m', 'always']) {
  const COUNT = syncInterval === 'always' ? 500 : 4000
  const server = await startNatsServer({ syncInterval })
  const connection = await connectNats({ servers: server.url })

  afterAll(async () => {
    await connection.close()
    await server.stop()
  })

  for (const size of sizes) {
    const { log } = await openLog(size)
    const entry = new Uint8Array(size)
    const append = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => log.append(entry)))
    }
    await append(COUNT)

    describe(`${COUNT} entries of ${size} bytes, sync_interval: ${syncInterval}`, () => {
      bench('append, all at once', () => append(COUNT), options)
      bench(
        'read from the beginning',
        async () => {
          for await (const chunk of log.read(1)) if (chunk.at(-1)!.sequence >= COUNT) return
        },
        options,
      )
    })
  }

  async function openLog(size: number): Promise<OpenedLog> {
    return await createLogStream(connection, { name: `bench-${size}`, maxBytes: 8192 * MIB })
  }
}
