// NATS KV: a bucket on one nats-server that flushes before it acknowledges, one copy. It compares and sets one key at a time.

import { startNatsServer } from '@streamy-db/jetstream/testing'
import { NatsError, StorageType, connect, type KV } from 'nats'
import type { System } from '../systems/system.ts'
import { accountsIn, countersIn, recordsIn, type VersionedStore } from './compare-and-set.ts'
import { Turns } from './turns.ts'

const IN_FLIGHT_MAX = 256
const WRONG_LAST_SEQUENCE = 10_071

/** Starts a server; its files are in a temporary directory of its own, which it removes. */
export async function startNatsKv(): Promise<System> {
  const server = await startNatsServer({ version: 'newest', syncInterval: 'always' })
  const connection = await connect({ servers: server.url })
  const kv = await connection.jetstream().views.kv('bench', { history: 1, storage: StorageType.File, replicas: 1 })
  const store = storeOn(kv)
  return {
    title: `NATS KV ${server.version}`,
    durability: 'one copy, sync_interval always: every write is flushed before it is acknowledged',
    processes: [server.pid!],
    openCounters: async () => countersIn(store),
    openAccounts: async (_, openingBalance) => accountsIn(store, openingBalance),
    openRecords: (records) => recordsIn(store, records),
    close: async () => {
      await connection.close()
      await server.stop()
    },
  }
}

function storeOn(kv: KV): VersionedStore {
  return {
    changes: 'one by one',
    turns: new Turns(IN_FLIGHT_MAX),
    read: (keys) =>
      Promise.all(
        keys.map(async (key) => {
          const entry = await kv.get(key)
          return { value: entry?.string(), version: entry?.revision ?? 0 }
        }),
      ),
    writeIfUnchanged: async ([change]) => {
      const { key, value, version } = change!
      try {
        await kv.put(key, value, { previousSeq: version })
        return true
      } catch (error) {
        if (isConflict(error)) return false
        throw error
      }
    },
    write: (entries) => Promise.all(entries.map(([key, value]) => kv.put(key, value))),
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.err_code === WRONG_LAST_SEQUENCE
}
