// Streamy as a cluster: one NATS server that flushes before it acknowledges, one worker in a process of its own, and a client in
// this one.

import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect } from 'streamy-db'
import { Companion } from '../companion.ts'
import type { ClusterWorkersInput, ClusterWorkersStatus } from '../companions/cluster-workers.ts'
import { workloadActors } from '../workload-actors.ts'
import { StreamyAccounts, StreamyCounters, StreamyRecords } from './streamy-ports.ts'
import { StreamyTpcc } from './streamy-tpcc.ts'
import type { System } from './system.ts'

const PARTITIONS = 64
const MAX_LOG_BYTES = 2 * 1024 ** 3
const workersModule = new URL('../companions/cluster-workers.js', import.meta.url)

/** Starts all of it; the worker's files are in `directory`. */
export async function startCluster(directory: string): Promise<System> {
  const endings: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const end of endings.toReversed()) await end()
  }
  try {
    const server = await startNatsServer({ version: 'newest', syncInterval: 'always' })
    endings.push(() => server.stop())
    const input: ClusterWorkersInput = {
      servers: server.url,
      name: 'bench',
      workers: ['worker'],
      partitions: PARTITIONS,
      directory,
      maxLogBytes: MAX_LOG_BYTES,
    }
    const worker = await Companion.start<ClusterWorkersStatus>(workersModule, input)
    endings.push(() => worker.stop())
    const database = await connect(server.url, { name: 'bench', ...workloadActors })
    endings.push(() => database.close())
    return {
      title: 'Streamy, cluster',
      durability: `nats-server ${server.version}, one copy, sync_interval always: each group of calls is flushed, then executed, then answered; one worker of ${PARTITIONS} partitions`,
      processes: [server.pid!, worker.pid],
      openCounters: async () => new StreamyCounters(database),
      openAccounts: (keys, openingBalance) => StreamyAccounts.open(database, keys, openingBalance),
      openRecords: (records) => StreamyRecords.open(database, records),
      openTpcc: async () => new StreamyTpcc(database),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
