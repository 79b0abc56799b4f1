// Waits until a cluster of servers takes streams with copies. Servers that have just found each other refuse them for a
// while, for much longer where the machine is busy.

import { setTimeout as sleep } from 'node:timers/promises'
import { JetStreamApi } from '../jetstream-api.ts'
import type { StreamConfig } from '../jetstream-api.ts'
import { connectNats } from '../nats-connection.ts'

const RETRY_MS = 250

/** Resolves when a stream with a copy on each server can be made; throws the servers' last answer after `withinMs`. */
export async function untilPlaceable(urls: readonly string[], withinMs: number): Promise<void> {
  const connection = await connectNats({ servers: urls, name: 'placement' })
  const api = new JetStreamApi(connection)
  // Everything else is left to the server.
  const probe = {
    name: 'PLACEMENT',
    subjects: ['placement'],
    num_replicas: urls.length,
    storage: 'memory',
  } as unknown as StreamConfig
  const giveUpAt = performance.now() + withinMs
  try {
    for (;;) {
      try {
        await api.createStream(probe)
        break
      } catch (error) {
        if (performance.now() >= giveUpAt) throw error
        await sleep(RETRY_MS)
      }
    }
    await api.deleteStream(probe.name)
  } finally {
    api.close()
    await connection.close()
  }
}
