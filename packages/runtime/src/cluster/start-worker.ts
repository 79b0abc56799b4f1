// Starts a worker on NATS: connects, finds or makes the database, and puts the parts of a worker together.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import { PeerTransport, StreamyError, controlBody, encodeControlBatch, firstView, openBatch } from '@streamy-db/core'
import type { Incident, Log, Program } from '@streamy-db/core'
import {
  JetStreamCheckpointStore,
  NatsMessageBus,
  connectNats,
  createLogStream,
  databaseSubjects,
  type NatsOptions,
} from '@streamy-db/jetstream'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { decodeDatabaseRecord, encodeDatabaseRecord } from '../database-record.ts'
import type { DatabaseRecord } from '../database-record.ts'
import { describeActors } from './front-desk/describe-actors.ts'
import { patienceFrom } from './patience.ts'
import { StatusDesk } from './status/status-desk.ts'
import type { WorkerReport } from './status/worker-report.ts'
import { Checkpoints } from './worker/checkpoints.ts'
import type { ClusterWorker, WorkerParts, WorkerSettings } from './worker/cluster-worker.ts'
import { DirectoryStateShelf } from './worker/directory-state-shelf.ts'
import { IncidentReporter } from './worker/incident-reporter.ts'
import { RunningWorker } from './worker/running-worker.ts'
import { WorkerDesk } from './worker/worker-desk.ts'
import { checkWorkerOptions } from './worker/worker-options.ts'
import type { WorkerOptions } from './worker/worker-options.ts'

/** Where the servers are, and how to connect to them: TLS, credentials, nkeys and tokens pass through. */
export type Servers = string | readonly string[] | NatsOptions

const MIB = 1024 * 1024
const ASK_AGAIN_MS = 200
const PARTITIONS_DEFAULT = 64

/**
 * Starts a worker of the database `name`, making the database when there is none, and resolves when it is ready to serve.
 *
 * Rejects with OPTIONS_INVALID, REGISTRATION_INVALID for actors that cannot work, SERVER_UNAVAILABLE, SERVER_UNSUITABLE or
 * STREAM_MISMATCH where the servers are not as they must be, CODE_MISMATCH when workers of other code run the database,
 * DATABASE_LOCKED when another worker uses the directory, LOG_DIVERGED when the log is not the one it was.
 *
 * ```ts
 * const worker = await startWorker('nats://127.0.0.1:4222', { name: 'bank', actors: [Account] })
 * await worker.close()
 * ```
 */
export async function startWorker(servers: Servers, options: WorkerOptions): Promise<RunningWorker> {
  checkWorkerOptions(options)
  const registry = new ActorRegistry(options.actors)
  for (const errorClass of options.errors ?? []) registerError(errorClass)
  const program = createProgram(registry)
  const endings: (() => Promise<unknown>)[] = []
  const shutDown = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end()
  }
  try {
    const shelf = await openShelf(options.directory, endings)
    const world = await openWorld(servers, options, program, endings)
    const worker = await assemble({ registry, options, shelf, world, endings, shutDown })
    await worker.start()
    return worker
  } catch (error) {
    await shutDown()
    throw error
  }
}

type World = Omit<WorkerParts, 'transport' | 'shelf'>

async function openShelf(
  directory: string | undefined,
  endings: (() => Promise<unknown>)[],
): Promise<DirectoryStateShelf> {
  const path = directory ?? (await mkdtemp(join(tmpdir(), 'streamy-worker-')))
  if (directory === undefined) endings.push(() => rm(path, { recursive: true, force: true }))
  const shelf = await DirectoryStateShelf.open(path)
  endings.push(() => shelf.close())
  return shelf
}

async function openWorld(
  servers: Servers,
  options: WorkerOptions,
  program: Program,
  endings: (() => Promise<unknown>)[],
): Promise<World> {
  const { name, replicas, maxLogBytes, partitions = PARTITIONS_DEFAULT } = options
  // Large entries on their way must not hold up heartbeats, so the log has a connection of its own.
  const forLog = await connectNats(natsOptions(servers, `streamy worker of ${name}: log`))
  endings.push(() => forLog.close())
  const forBus = await connectNats(natsOptions(servers, `streamy worker of ${name}`))
  endings.push(() => forBus.close())
  const made = { ...(replicas && { replicas }), ...(maxLogBytes && { maxBytes: maxLogBytes }) }
  const { databaseId, log, stream } = await createLogStream(forLog, { name, ...made })
  endings.push(() => log.close())
  const bucket = databaseSubjects(databaseId).checkpointBucket
  const checkpoints = await JetStreamCheckpointStore.open(forLog, { bucket, replicas: stream.replicas, maxBytes: -1 })
  endings.push(() => checkpoints.close())
  const bus = new NatsMessageBus(forBus)
  endings.push(() => bus.close())
  const proposed = { id: databaseId, seed: databaseId, partitions, fingerprint: program.fingerprint }
  const database = await findDatabase(log, new Checkpoints(checkpoints), proposed)
  if (options.partitions !== undefined && options.partitions !== database.partitions)
    throw new StreamyError(
      'STREAM_MISMATCH',
      `Database ${name} was made with ${database.partitions} partitions, and ${options.partitions} are asked for. ` +
        'Their number cannot change: leave the option out.',
    )
  const view = firstView(database.partitions, database.fingerprint)
  return { log, bus, checkpoints, clock: systemClock, program, database, firstView: view }
}

// What the database was made with stands in the first entry of the log, and in every checkpoint once that is trimmed.
// Whoever appends the first entry makes the database; a second one says nothing.
async function findDatabase(log: Log, checkpoints: Checkpoints, proposed: DatabaseRecord): Promise<DatabaseRecord> {
  if ((await log.tail()) === 0)
    await log.append(encodeControlBatch('create', encodeDatabaseRecord(proposed)), `create-${proposed.id}`)
  const head = await checkpoints.newest()
  if (head !== undefined) return head.database
  for await (const [entry] of log.read(1)) {
    if (entry === undefined) continue
    const batch = openBatch(entry.bytes)
    if (batch.kind === 'create' && entry.restricted !== true) return decodeDatabaseRecord(controlBody(batch))
    break
  }
  throw new StreamyError('LOG_CORRUPT', 'The first log entry does not create a database. Restore a backup.')
}

interface Assembly {
  readonly registry: ActorRegistry
  readonly options: WorkerOptions
  readonly shelf: DirectoryStateShelf
  readonly world: World
  readonly endings: (() => Promise<unknown>)[]
  readonly shutDown: () => Promise<void>
}

async function assemble({ registry, options, shelf, world, endings, shutDown }: Assembly): Promise<RunningWorker> {
  const { bus, clock, database, program } = world
  const name = options.worker ?? (await shelf.nameOr(`${hostname().replace(/[^\w-]/g, '-')}-${token(4)}`))
  const makeDesk = (worker: ClusterWorker): WorkerDesk =>
    new WorkerDesk(worker, {
      databaseId: database.id,
      partitions: database.partitions,
      bus,
      clock,
      program,
      name: options.name,
      actors: describeActors(registry),
      session: `worker.${worker.identity.incarnation}`,
      patience: patienceFrom(ASK_AGAIN_MS),
    })
  const incidents = new IncidentReporter(options.onIncident ?? reportIncident)
  const worker: RunningWorker = new RunningWorker({
    name,
    parts: () => ({ ...world, shelf, transport: new PeerTransport(bus, database.id) }),
    settings: settingsOf(options),
    incarnation: () => token(8),
    makeDesk,
    onIncident: (incident) => {
      status.count(incident)
      incidents.report(incident)
    },
    onEvent: options.onEvent ?? ((line) => process.stderr.write(`streamy: ${line}\n`)),
    shutDown,
  })
  const status = new StatusDesk(bus, database.id, statusReport(worker, database.id, clock))
  endings.push(async () => status.close())
  return worker
}

function statusReport(worker: RunningWorker, databaseId: string, clock: Clock): () => Omit<WorkerReport, 'incidents'> {
  const startedAt = clock.now()
  return () => {
    const { name, incarnation, view, owned } = worker.status
    const uptime = Math.round((clock.now() - startedAt) / 1_000_000)
    return { name, incarnation, databaseId, view, owned: owned.length, ...worker.progress, uptime }
  }
}

function settingsOf(options: WorkerOptions): WorkerSettings {
  const { heartbeatMs = 200, evictAfterMs = 1000, checkpointBytes = 64 * MIB } = options
  const { actorsCachedMax = 100_000, logBytesMax = 64 * MIB, skip = [] } = options
  return {
    heartbeatMs,
    evictAfterMs,
    askAgainMs: ASK_AGAIN_MS,
    checkpointBytes,
    actorsCachedMax,
    logBytesMax,
    skip: new Set(skip),
  }
}

/** The options of a connection, from whatever a user gives. */
export function natsOptions(servers: Servers, name: string): NatsOptions {
  if (typeof servers === 'object' && 'servers' in servers) return { name, ...servers }
  return { servers, name }
}

function token(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}

function reportIncident({ kind, position, reason }: Incident): void {
  process.stderr.write(`streamy: ${kind} at position ${position}: ${reason}\n`)
}
