// The floors as contestants: the same calls made durable and executed by nobody, by LMDB alone, and by a stream of one NATS server
// with a bare worker behind it. What Streamy costs above them is its own.

import { join } from 'node:path'
import { connectNats, createLogStream } from '@streamy-db/jetstream'
import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect, createInbox } from 'nats'
import { ClusterFloor } from './cluster-floor.ts'
import { Companion } from './companion.ts'
import type { FloorWorkerInput, FloorWorkerStatus } from './companions/floor-worker.ts'
import type { Contestant } from './contestant.ts'
import type { BareLog } from './floor.ts'
import { LmdbLog } from './lmdb-log.ts'
import { openSegmentLog } from './segment-log.ts'
import { Unsupported } from './systems/system.ts'
import { ClusterFloorCalls } from './workloads/cluster-floor-calls.ts'
import { FloorCalls } from './workloads/floor-calls.ts'

const MAX_LOG_BYTES = 1024 ** 3
const NO_PLAN = 'a floor takes plans of writes only'
const floorModule = new URL('companions/floor-worker.js', import.meta.url)

/** That of an embedded database; its files are in `directory`. */
export function openFloor(directory: string): Contestant {
  return bareContestant({
    title: 'floor: LMDB',
    durability: 'each group of calls is one full commit of LMDB, then answered; nothing is executed',
    openLog: async (name) => new LmdbLog(join(directory, `${name}.mdb`)),
  })
}

/** Streamy's own log, with nothing on it; its files are in `directory`. */
export function openSegments(directory: string): Contestant {
  return bareContestant({
    title: 'segments',
    durability: 'each group of calls is written through to the disk, then answered; nothing is executed',
    openLog: (name) => openSegmentLog(join(directory, name)),
  })
}

interface BareParts {
  readonly title: string
  readonly durability: string
  readonly openLog: (name: string) => Promise<BareLog>
}

function bareContestant({ title, durability, openLog }: BareParts): Contestant {
  const logs: BareLog[] = []
  return {
    title,
    durability,
    processes: [],
    open: async ({ name, title: workload, plan }) => {
      if (plan === undefined) throw new Unsupported(NO_PLAN)
      const log = await openLog(name)
      logs.push(log)
      return { workload: new FloorCalls(log, `${title}: ${workload}`, plan) }
    },
    close: async () => {
      for (const log of logs) await log.close()
    },
  }
}

/** That of a cluster. */
export async function startClusterFloor(): Promise<Contestant> {
  const server = await startNatsServer({ version: 'newest', syncInterval: 'always' })
  const connection = await connect({ servers: server.url })
  const workers: Companion<FloorWorkerStatus>[] = []
  // The contestant's own list, so that workers that come later count too.
  const processes = [server.pid!]
  return {
    title: 'floor: JetStream',
    durability:
      'sync_interval always: each group of calls is published, flushed, delivered and answered; nothing is executed',
    processes,
    open: async ({ name, title, plan }) => {
      if (plan === undefined) throw new Unsupported(NO_PLAN)
      const { stream, subject } = await makeStream(server.url, name)
      const input: FloorWorkerInput = { servers: server.url, stream, answers: createInbox() }
      const worker = await Companion.start<FloorWorkerStatus>(floorModule, input)
      workers.push(worker)
      processes.push(worker.pid)
      const floor = new ClusterFloor(connection, subject, input.answers)
      const counted = async (): Promise<number> => (await worker.status()).calls
      return { workload: new ClusterFloorCalls(floor, `${title}, floor`, plan, counted) }
    },
    close: async () => {
      for (const worker of workers) await worker.stop()
      await connection.close()
      await server.stop()
    },
  }
}

// A log like any other, with the same settings; only nothing that is written to it is an entry.
async function makeStream(
  servers: string,
  name: string,
): Promise<{ readonly stream: string; readonly subject: string }> {
  const connection = await connectNats({ servers })
  const { log, stream } = await createLogStream(connection, { name, maxBytes: MAX_LOG_BYTES })
  await log.close()
  await connection.close()
  return { stream: stream.name, subject: stream.subject }
}
