// Starts a worker on NATS: connects, finds or makes the database, and puts the parts of a worker together.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import { PeerTransport, StreamyError, firstView } from '@streamy-db/core'
import type { MessageBus, Program } from '@streamy-db/core'
import { NatsMessageBus, assertDurable, connectNats, probeDurability, type NatsConnection } from '@streamy-db/jetstream'
import { systemClock } from '../clock.ts'
import { ProjectionActor } from '../history/projection-actor.ts'
import type { Clock } from '../clock.ts'
import { natsOptions, openStreams, type Servers } from './create-database.ts'
import { findDatabase } from './find-database.ts'
import { describeActors } from './front-desk/describe-actors.ts'
import { HistoryDesk } from './front-desk/history-desk.ts'
import { patienceFrom } from './patience.ts'
import { workerSessionPrefix } from './protocol/addresses.ts'
import { StatusDesk } from './status/status-desk.ts'
import type { WorkerReport } from './status/worker-report.ts'
import { Checkpoints } from './worker/checkpoints.ts'
import type { ClusterWorker, WorkerParts, WorkerSettings } from './worker/cluster-worker.ts'
import { Historians } from './worker/historians.ts'
import { DirectoryStateShelf } from './worker/directory-state-shelf.ts'
import { IncidentReporter } from './worker/incident-reporter.ts'
import { incidentWriter } from './worker/incident-writer.ts'
import { RunningWorker } from './worker/running-worker.ts'
import { WorkerDesk } from './worker/worker-desk.ts'
import { checkWorkerOptions } from './worker/worker-options.ts'
import type { WorkerOptions } from './worker/worker-options.ts'

const MIB = 1024 * 1024
const ASK_AGAIN_MS = 200
const PARTITIONS_DEFAULT = 64
// What clients send in parts, and records of other workers; beyond it the oldest is dropped, and asked for again.
const CLIENT_FRAGMENT_BYTES_MAX = 64 * MIB

/**
 * Starts a worker of the database `name`, making the database when there is none and its user may, and resolves when it is ready to serve.
 *
 * Rejects with OPTIONS_INVALID, REGISTRATION_INVALID for actors that cannot work, SERVER_UNAVAILABLE, SERVER_UNSUITABLE or
 * STREAM_MISMATCH where the servers are not as they must be, CODE_MISMATCH when workers of other code run the database,
 * DATABASE_LOCKED when another worker uses the directory, LOG_DIVERGED when the log is not the one it was, PERMISSION_DENIED,
 * DURABILITY_UNMET where `durable` is asked for and cannot hold.
 *
 * ```ts
 * const worker = await startWorker('nats://127.0.0.1:4222', { name: 'bank', actors: [Account] })
 * await worker.close()
 * ```
 */
export async function startWorker(servers: Servers, options: WorkerOptions): Promise<RunningWorker> {
  checkWorkerOptions(options)
  const registry = new ActorRegistry([...options.actors, ProjectionActor])
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

/** What a worker stands on; `desk` is the bus on which it talks to clients. */
type World = Omit<WorkerParts, 'transport' | 'shelf'> & { readonly desk: MessageBus }

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
  const { name, partitions = PARTITIONS_DEFAULT } = options
  const connected = async (purpose: string): Promise<NatsConnection> => {
    const connection = await connectNats(natsOptions(servers, `streamy worker of ${name}: ${purpose}`))
    endings.push(() => connection.close())
    return connection
  }
  // Large entries on their way, and whatever clients send, must not hold up heartbeats.
  const forLog = await connected('log')
  const forClients = await connected('clients')
  const forBus = await connected('peers')
  const { databaseId, log, stream, checkpoints } = await openStreams(forLog, options)
  endings.push(() => log.close())
  endings.push(() => checkpoints.close())
  await sayDurability(forLog, stream.name, options)
  const desk = new NatsMessageBus(forClients, { fragmentBytesMax: CLIENT_FRAGMENT_BYTES_MAX })
  endings.push(() => desk.close())
  const bus = new NatsMessageBus(forBus)
  endings.push(() => bus.close())
  const proposed = { id: databaseId, seed: token(16), partitions, fingerprint: program.fingerprint }
  const database = await findDatabase(log, new Checkpoints(checkpoints), proposed)
  if (options.partitions !== undefined && options.partitions !== database.partitions)
    throw new StreamyError(
      'STREAM_MISMATCH',
      `Database ${name} was made with ${database.partitions} partitions, and ${options.partitions} are asked for. ` +
        'Their number cannot change: leave the option out.',
    )
  const view = firstView(database.partitions, database.fingerprint)
  return { log, bus, desk, checkpoints, clock: systemClock, program, database, firstView: view }
}

// Whoever runs a worker knows from its first line what its servers promise.
async function sayDurability(connection: NatsConnection, stream: string, options: WorkerOptions): Promise<void> {
  const { durable = false, syncInterval, monitoringUrls, onEvent = writeLine } = options
  const durability = await probeDurability(connection, stream, {
    ...(syncInterval === undefined ? {} : { syncInterval }),
    ...(monitoringUrls === undefined ? {} : { monitoringUrls }),
  })
  onEvent(durability.line)
  if (durable) assertDurable(durability)
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
  const { bus, desk, clock, database, program, log } = world
  const name = options.worker ?? (await shelf.nameOr(`${hostname().replace(/[^\w-]/g, '-')}-${token(4)}`))
  const settings = settingsOf(options)
  const checkpoints = new Checkpoints(world.checkpoints)
  const historians = new Historians({ ...world, ...settings, checkpoints, shelf, registry }, clock)
  endings.push(() => historians.close())
  const history = new HistoryDesk({ historians, log, program, clock })
  const makeDesk = (worker: ClusterWorker): WorkerDesk =>
    new WorkerDesk(worker, {
      databaseId: database.id,
      partitions: database.partitions,
      bus: desk,
      clock,
      program,
      name: options.name,
      actors: describeActors(registry),
      session: `${workerSessionPrefix}.${worker.identity.incarnation}`,
      patience: patienceFrom(ASK_AGAIN_MS),
      history,
    })
  const incidents = new IncidentReporter(options.onIncident ?? incidentWriter(clock, writeLine))
  const worker: RunningWorker = new RunningWorker({
    name,
    parts: () => ({ ...world, shelf, transport: new PeerTransport(bus, database.id) }),
    settings,
    incarnation: () => token(8),
    makeDesk,
    onIncident: (incident) => {
      status.count(incident)
      incidents.report(incident)
    },
    onEvent: options.onEvent ?? writeLine,
    shutDown,
  })
  const status = new StatusDesk(desk, database.id, statusReport(worker, database.id, clock))
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

function writeLine(line: string): void {
  process.stderr.write(`streamy: ${line}\n`)
}

function token(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
