// What `startWorker` can be told, and the check of it: plain JavaScript has no compiler to say that an option is wrong.

import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import { StreamyError } from '@streamy-db/core'
import type { Incident, Position } from '@streamy-db/core'
import type { SyncInterval } from '@streamy-db/jetstream'
import { isToken } from '../protocol/addresses.ts'

/** What a worker can be told. Only `name` and `actors` must be given. */
export interface WorkerOptions {
  /** The database's name: letters, digits, `-` and `_`. The first worker makes the database. */
  readonly name: string
  /** Every actor class that is called, told or touched; the same on all workers. */
  readonly actors: readonly ActorClass[]
  /** Error classes that may arrive before this process has made one itself. */
  readonly errors?: readonly ActorErrorClass[]
  /** The worker's own name, stable over restarts: which partitions it gets goes by it. Default: kept in `directory`. */
  readonly worker?: string
  /** Where its state is kept between restarts. Default: a temporary directory, and every start begins at a checkpoint. */
  readonly directory?: string
  /** Number of partitions when the database is made: it bounds how many workers can share it. Default 64. */
  readonly partitions?: number
  /** Copies of the log and of checkpoints when the database is made: 3 survive the loss of a server. Default 1. */
  readonly replicas?: 1 | 3 | 5
  /** Refuses to start where an acknowledged write would not survive a power failure, or nobody knows. Default false. */
  readonly durable?: boolean
  /** How often every server flushes to its disk, as its configuration says: `always`, or milliseconds. */
  readonly syncInterval?: SyncInterval
  /** The servers' monitoring addresses, such as `http://127.0.0.1:8222`, to ask instead how often they flush. */
  readonly monitoringUrls?: readonly string[]
  /** The log's room on the servers when the database is made, in bytes; several times `checkpointBytes`. Default 4 GiB. */
  readonly maxLogBytes?: number
  /** Bytes of log from one checkpoint to the next, which bounds the time of a takeover. Default 64 MiB. */
  readonly checkpointBytes?: number
  /**
   * Bytes of actors kept in memory, by estimate and within a factor of two; while partitions come and go, for each of two
   * engines. Default an eighth of what the heap may grow to.
   */
  readonly cacheBytesMax?: number
  /** Bytes of log after which the state is brought up to date on disk. Default 64 MiB. */
  readonly logBytesMax?: number
  /** How often a worker shows that it is alive. Default 200. */
  readonly heartbeatMs?: number
  /** Silence after which the others evict a worker and take over. Default 1000. */
  readonly evictAfterMs?: number
  /** Positions to abort as poisoned, because their handlers stopped a worker; the same on all workers. */
  readonly skip?: readonly Position[]
  /** Told of what went wrong where nobody waits: timers and tells that threw, void entries, footprints that missed. */
  readonly onIncident?: (incident: Incident) => void
  /** Told, in one line each, what a worker does. Default: written to stderr. */
  readonly onEvent?: (line: string) => void
}

/** Throws OPTIONS_INVALID for options that a worker cannot work with. */
export function checkWorkerOptions(options: WorkerOptions | undefined): asserts options is WorkerOptions {
  if (typeof options?.name !== 'string' || !isToken(options.name))
    throw invalid('A worker needs the name of a database, of letters, digits, - and _: { name: "bank", actors: […] }.')
  if (!Array.isArray(options.actors)) throw invalid('A worker needs the actor classes: { name, actors: [Account] }.')
  if (options.worker !== undefined && !isToken(options.worker))
    throw invalid(`The option worker is ${JSON.stringify(options.worker)}. Give letters, digits, - and _.`)
  const { partitions, maxLogBytes, checkpointBytes, cacheBytesMax, logBytesMax, heartbeatMs, evictAfterMs } = options
  const counts = { partitions, maxLogBytes, checkpointBytes, cacheBytesMax, logBytesMax, heartbeatMs, evictAfterMs }
  for (const [name, value] of Object.entries(counts)) checkCount(name, value)
  const { syncInterval, monitoringUrls = [] } = options
  if (syncInterval !== 'always') checkCount('syncInterval', syncInterval)
  for (const url of monitoringUrls)
    if (!URL.canParse(url))
      throw invalid(`The option monitoringUrls holds ${JSON.stringify(url)}, which is no address.`)
  for (const position of options.skip ?? []) checkCount('skip', position)
  if ((partitions ?? 1) > PARTITIONS_MAX) throw invalid(`A database has at most ${PARTITIONS_MAX} partitions.`)
  if ((evictAfterMs ?? 1000) < 2 * (heartbeatMs ?? 200))
    throw invalid('evictAfterMs must be at least twice heartbeatMs, or workers are evicted for one lost heartbeat.')
}

// Its number has four hex digits in the keys of states.
const PARTITIONS_MAX = 4096

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return
  throw invalid(`The option ${name} has the value ${String(value)}. Give whole numbers above zero.`)
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
