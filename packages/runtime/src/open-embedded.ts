// Opens an embedded database: puts engine, submitter, flusher and worker together around what is on disk. Embedded is
// the engine of a cluster with one worker, one partition, and a log and a store of its own.

import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import { Engine, MemoryLog, MemoryStateStore, StateHistory } from '@streamy-db/core'
import type { Incident, Log, StateStore } from '@streamy-db/core'
import { openEmbeddedStorage } from '@streamy-db/embedded'
import { BatchSubmitter } from './batch-submitter.ts'
import { cacheBytesDefault } from './cache-size.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { EmbeddedDatabase } from './embedded-database.ts'
import { ChangeFeed } from './history/change-feed.ts'
import { EmbeddedHistory } from './history/embedded-history.ts'
import { HistoryReplay } from './history/history-replay.ts'
import { ProjectionActor } from './history/projection-actor.ts'
import { identifyDatabase } from './identify-database.ts'
import { checkOptions } from './open-options.ts'
import type { OpenOptions } from './open-options.ts'
import { StateFlusher, flushPolicy } from './state-flusher.ts'
import { Worker } from './worker.ts'

/** A log and a state store that belong together. */
export interface Storage {
  readonly log: Log
  readonly store: StateStore
  close(): Promise<void>
}

const MIB = 1024 * 1024
const DAY_MS = 86_400_000

/**
 * Opens the database in `directory`, creating it when it is not there; `:memory:` keeps nothing and is for tests.
 * Everything that was acknowledged is there again, also after a crash.
 *
 * Throws OPTIONS_INVALID, REGISTRATION_INVALID for actors that cannot work, DATABASE_LOCKED when it is open already,
 * LOG_CORRUPT, STATE_CORRUPT or LOG_DIVERGED when what is on disk is damaged or does not belong together, CODE_MISMATCH
 * when other code must finish a recovery first, HANDLER_FATAL when a handler stops the recovery.
 *
 * ```ts
 * const db = await open('./data', { actors: [Account] })
 * await db.actor(Account, 'alice').deposit(5)
 * await db.close()
 * ```
 */
export async function open(directory: string, options: OpenOptions): Promise<Database> {
  checkOptions(directory, options)
  return await openWith(() => openStorage(directory, options.clock ?? systemClock), options)
}

/** `open` on any storage, which is opened once the actors are known to work. It is closed with the database. */
export async function openWith(storageOpener: () => Promise<Storage>, options: OpenOptions): Promise<Database> {
  const registry = new ActorRegistry([...options.actors, ProjectionActor])
  for (const errorClass of options.errors ?? []) registerError(errorClass)
  const storage = await storageOpener()
  try {
    return await start(storage, registry, options)
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function start(storage: Storage, registry: ActorRegistry, options: OpenOptions): Promise<EmbeddedDatabase> {
  const { log, store } = storage
  const { cacheBytesMax = cacheBytesDefault(1), logBytesMax = 64 * MIB, skip = [], clock = systemClock } = options
  const program = createProgram(registry)
  const { partitions, seed } = await identifyDatabase(log, store, program)
  const { historyMs = DAY_MS, historyBytesMax = 256 * MIB } = options
  const retention = { logBytesMax: historyBytesMax, ageUsMax: historyMs * 1000 }
  const history = await StateHistory.open(store, { ...retention, code: program.fingerprint, skip })
  const engine = new Engine({
    program,
    store,
    partitions,
    seed,
    owned: () => true,
    skip: new Set(skip),
    cacheBytesMax,
  })
  const failures: Error[] = []
  let database: EmbeddedDatabase | undefined
  const onFailure = (error: Error): void => {
    failures.push(error)
    database?.fail(error)
    feed.end(error)
  }
  const replay = new HistoryReplay({ program, partitions, seed, log, history })
  const feed = new ChangeFeed({ engine, replay })
  const submitter = new BatchSubmitter(log, onFailure)
  const policy = flushPolicy(cacheBytesMax, logBytesMax)
  const flusher = new StateFlusher({ engine, store, log, history, policy, onFailure })
  const onIncident = options.onIncident ?? reportIncident
  const worker = new Worker({ log, engine, submitter, flusher, feed, clock, onIncident, onFailure })
  await worker.start()
  const shutDown = (): Promise<void> => shutDownAll({ worker, submitter, flusher, feed, storage, failures })
  const past = new EmbeddedHistory({ registry, program, engine, feed, replay, history, flusher })
  database = new EmbeddedDatabase({ registry, program, engine, submitter, past, clock, shutDown })
  for (const error of failures) database.fail(error)
  return database
}

interface Running {
  readonly worker: Worker
  readonly submitter: BatchSubmitter
  readonly flusher: StateFlusher
  readonly feed: ChangeFeed
  readonly storage: Storage
  readonly failures: readonly Error[]
}

async function shutDownAll({ worker, submitter, flusher, feed, storage, failures }: Running): Promise<void> {
  try {
    feed.end()
    worker.settle()
    await submitter.drained()
    await worker.stop()
    // After a failure the engine may have stopped in the middle of a batch. What it holds is no state then, and the log
    // has it all.
    await (failures.length === 0 ? flusher.flush() : flusher.idle())
  } finally {
    await storage.close()
  }
}

async function openStorage(directory: string, clock: Clock): Promise<Storage> {
  if (directory !== ':memory:') return openEmbeddedStorage(directory, { log: { clock: () => clock.now() } })
  const log = new MemoryLog(() => clock.now())
  const store = new MemoryStateStore()
  return { log, store, close: () => log.close() }
}

function reportIncident({ kind, position, reason }: Incident): void {
  process.stderr.write(`streamy: ${kind} at position ${position}: ${reason}\n`)
}
