// Starts a worker on NATS: connects, finds or makes the database, and puts the parts of a worker together.

import { randomBytes, randomFillSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActorRegistry, createProgram, registerError } from '@streamy-db/actors'
import { StreamyError, firstView } from '@streamy-db/core'
import type { Program } from '@streamy-db/core'
import { NatsMessageBus, assertDurable, connectNats, probeDurability, type NatsConnection } from '@streamy-db/jetstream'
import { systemClock } from '../clock.ts'
import { ProjectionActor } from '../history/projection-actor.ts'
import { natsOptions, openStreams, type Servers } from './create-database.ts'
import { findDatabase } from './find-database.ts'
import { assembleWorker, type WorkerGround } from './worker/assemble-worker.ts'
import { Checkpoints } from './worker/checkpoints.ts'
import { DirectoryStateShelf } from './worker/directory-state-shelf.ts'
import { incidentWriter } from './worker/incident-writer.ts'
import type { RunningWorker } from './worker/running-worker.ts'
import { checkWorkerOptions } from './worker/worker-options.ts'
import type { WorkerOptions } from './worker/worker-options.ts'

const MIB = 1024 * 1024
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
    const ground = { ...world, shelf, registry, endings, shutDown }
    const name = options.worker ?? (await shelf.nameOr(`${hostname().replace(/[^\w-]/g, '-')}-${token(4)}`))
    const worker = assembleWorker(ground, name, {
      ...options,
      onEvent: options.onEvent ?? writeLine,
      onIncident: options.onIncident ?? incidentWriter(systemClock, writeLine),
    })
    await worker.start()
    return worker
  } catch (error) {
    await shutDown()
    throw error
  }
}

/** What a worker on NATS stands on, but for its disk. */
type World = Omit<WorkerGround, 'shelf' | 'registry' | 'endings' | 'shutDown'>

const randomness = { fill: (bytes: Uint8Array): void => void randomFillSync(bytes) }

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
  return { log, bus, desk, checkpoints, clock: systemClock, randomness, program, database, firstView: view }
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

function writeLine(line: string): void {
  process.stderr.write(`streamy: ${line}\n`)
}

function token(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
