// Workers of a cluster, one or several, in one process.

import { join } from 'node:path'
import { startWorker } from 'streamy-db'
import { serveCompanion, type Served } from '../companion.ts'
import { workloadActors } from '../workload-actors.ts'

/** What they are told. */
export interface ClusterWorkersInput {
  readonly servers: string
  readonly name: string
  readonly workers: readonly string[]
  readonly partitions: number
  /** Below it each has a directory of its own. */
  readonly directory: string
  readonly maxLogBytes: number
}

/** How they stand. */
export interface ClusterWorkersStatus {
  /** How many partitions each of them owns. */
  readonly owned: readonly number[]
  /** The last entry of the log that all of them have executed. */
  readonly executed: number
}

serveCompanion(startWorkers)

async function startWorkers(input: ClusterWorkersInput): Promise<Served> {
  const { servers, name, partitions, directory, maxLogBytes } = input
  const shared = {
    name,
    partitions,
    maxLogBytes,
    ...workloadActors,
  }
  // A machine that is busy with something else must not cost a worker its place.
  const patient = { heartbeatMs: 1000, evictAfterMs: 10_000 }
  const workers = await Promise.all(
    input.workers.map((worker) =>
      startWorker(servers, { ...shared, ...patient, worker, directory: join(directory, worker), onEvent: () => {} }),
    ),
  )
  return {
    status: (): ClusterWorkersStatus => ({
      owned: workers.map(({ status }) => status.owned.length),
      executed: Math.min(...workers.map(({ progress }) => progress.resolved)),
    }),
  }
}
