// Opens an embedded database: finds or creates what is on disk, checks that log, state and code belong together, and
// puts engine, submitter, flusher and worker together around it. Embedded is the engine of a cluster with one worker,
// one partition, and a log and a store of its own.

import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import type { ActorClass, ActorErrorClass } from '@streamy-db/actors'
import {
  Engine,
  MemoryLog,
  MemoryStateStore,
  StreamyError,
  controlBody,
  decodeProgress,
  encodeControlBatch,
  openBatch,
  progressKey,
} from '@streamy-db/core'
import type { Incident, Log, LogEntry, Position, Program, Sequence, StateStore } from '@streamy-db/core'
import { openEmbeddedStorage } from '@streamy-db/embedded'
import { BatchSubmitter } from './batch-submitter.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { databaseKey, decodeDatabaseRecord, encodeDatabaseRecord } from './database-record.ts'
import type { DatabaseRecord } from './database-record.ts'
import type { Database } from './database.ts'
import { EmbeddedDatabase } from './embedded-database.ts'
import { StateFlusher } from './state-flusher.ts'
import { Worker } from './worker.ts'

/** What `open` can be told. Only `actors` must be given. */
export interface OpenOptions {
  /** Every actor class that is called, told or touched. */
  readonly actors: readonly ActorClass[]
  /** Error classes that may arrive before this process has made one itself. */
  readonly errors?: readonly ActorErrorClass[]
  /** Actors kept in memory, within a factor of two; the rest are read from disk when needed. Default 100,000. */
  readonly actorsCachedMax?: number
  /** Bytes of log after which the state is brought up to date on disk, which bounds recovery. Default 64 MiB. */
  readonly logBytesMax?: number
  /** Positions to abort as poisoned, because their handlers stopped the worker. Use once, then take it out again. */
  readonly skip?: readonly Position[]
  /** Told of what went wrong where nobody waits: timers and tells that threw. Default: written to stderr. */
  readonly onIncident?: (incident: Incident) => void
  /** Time; for tests. */
  readonly clock?: Clock
}

interface Storage {
  readonly log: Log
  readonly store: StateStore
  close(): Promise<void>
}

const MIB = 1024 * 1024
const CACHED_DEFAULT = 100_000
const PARTITIONS = 1

/**
 * Opens the database in `directory`, creating it when it is not there; `:memory:` keeps nothing and is for tests.
 * Everything that was acknowledged is there again, also after a crash.
 *
 * Throws REGISTRATION_INVALID for actors that cannot work, DATABASE_LOCKED when another process has it open,
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
  const clock = options.clock ?? systemClock
  const registry = new ActorRegistry(checkedActors(options))
  for (const errorClass of options.errors ?? []) registerError(errorClass)
  const storage = await openStorage(directory, clock)
  try {
    return await openOn(storage, registry, clock, options)
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function openOn(
  storage: Storage,
  registry: ActorRegistry,
  clock: Clock,
  options: OpenOptions,
): Promise<EmbeddedDatabase> {
  const { log, store } = storage
  const program = createProgram(registry)
  const record = await prepare(log, store, program)
  const actorsCachedMax = options.actorsCachedMax ?? CACHED_DEFAULT
  const engine = new Engine({
    program,
    store,
    partitions: record.partitions,
    seed: record.seed,
    owned: () => true,
    skip: new Set(options.skip ?? []),
    actorsCachedMax,
  })
  let database: EmbeddedDatabase | undefined
  const onFailure = (error: Error): void => database?.fail(error)
  const submitter = new BatchSubmitter(log, onFailure)
  const policy = { changedActorsMax: Math.ceil(actorsCachedMax / 2), logBytesMax: options.logBytesMax ?? 64 * MIB }
  const flusher = new StateFlusher({ engine, store, log, policy, onFailure })
  const onIncident = options.onIncident ?? reportIncident
  const worker = new Worker({ log, engine, submitter, flusher, clock, onIncident, onFailure })
  await worker.start()
  const shutDown = async (): Promise<void> => {
    try {
      await submitter.drained()
      await worker.stop()
      await flusher.flush()
    } finally {
      await storage.close()
    }
  }
  database = new EmbeddedDatabase({ registry, program, engine, submitter, shutDown })
  return database
}

async function openStorage(directory: string, clock: Clock): Promise<Storage> {
  if (directory !== ':memory:') return openEmbeddedStorage(directory, { log: { clock: () => clock.now() } })
  const log = new MemoryLog(() => clock.now())
  const store = new MemoryStateStore()
  return { log, store, close: () => log.close() }
}

// Checks that log, state and code belong together; creates the database where there is none.
async function prepare(log: Log, store: StateStore, program: Program): Promise<DatabaseRecord> {
  const tail = await log.tail()
  const record = tail === 0 ? await create(log, program) : await readRecord(log, store)
  const stored = store.get(progressKey)
  const applied = stored === undefined ? 0 : decodeProgress(stored).sequence
  if (stored !== undefined) await checkSameLog(log, tail, decodeProgress(stored))
  const pending = tail - Math.max(applied, 1)
  if (record.fingerprint !== program.fingerprint && pending > 0) throw codeMismatch(pending, record, program)
  const current = { ...record, fingerprint: program.fingerprint }
  await store.advance([{ key: databaseKey, value: encodeDatabaseRecord(current) }])
  return current
}

async function create(log: Log, program: Program): Promise<DatabaseRecord> {
  const { fingerprint } = program
  const record = { id: randomUUID(), seed: randomUUID(), partitions: PARTITIONS, fingerprint }
  await log.append(encodeControlBatch('create', encodeDatabaseRecord(record)))
  return record
}

async function readRecord(log: Log, store: StateStore): Promise<DatabaseRecord> {
  const stored = store.get(databaseKey)
  if (stored !== undefined) return decodeDatabaseRecord(stored)
  const batch = openBatch((await readEntry(log, 1)).bytes)
  if (batch.kind === 'create') return decodeDatabaseRecord(controlBody(batch))
  throw new StreamyError('LOG_CORRUPT', 'The first log entry does not create a database. Restore a backup.')
}

// L6: a log that is shorter than, or different from, the one the state was made of.
async function checkSameLog(
  log: Log,
  tail: Sequence,
  { sequence, logHash }: { readonly sequence: Sequence; readonly logHash: number },
): Promise<void> {
  if (sequence > tail) throw diverged(`The state holds batch ${sequence}, the log ends at ${tail}`)
  if (sequence === 0 || sequence < (await log.first())) return
  const entry = await readEntry(log, sequence)
  if (crc32(entry.bytes) !== logHash)
    throw diverged(`Batch ${sequence} of the log is not the one the state was made of`)
}

async function readEntry(log: Log, sequence: Sequence): Promise<LogEntry> {
  for await (const [entry] of log.read(sequence)) if (entry !== undefined) return entry
  throw diverged(`Batch ${sequence} of the log cannot be read`)
}

function diverged(what: string): StreamyError {
  return new StreamyError('LOG_DIVERGED', `${what}. Log and state must come from the same backup: restore both.`)
}

function codeMismatch(pending: number, record: DatabaseRecord, program: Program): StreamyError {
  return new StreamyError(
    'CODE_MISMATCH',
    `The database was not closed, and ${pending} log entries written under other code must be replayed first. Open ` +
      'and close it once with the code that wrote them, then open it with this one. ' +
      `The log was written under ${record.fingerprint}; this code is ${program.fingerprint}.`,
  )
}

function checkedActors({ actors }: OpenOptions): readonly ActorClass[] {
  if (Array.isArray(actors)) return actors
  throw new StreamyError('OPTIONS_INVALID', 'open needs the actor classes: open(directory, { actors: [Account] }).')
}

function reportIncident({ kind, position, reason }: Incident): void {
  process.stderr.write(`streamy: ${kind} at position ${position}: ${reason}\n`)
}
