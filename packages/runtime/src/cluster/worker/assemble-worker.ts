// Puts the parts of a worker together: its desks, its incarnations, its status. It knows ports only; what is behind them
// is for whoever calls it.

import type { ActorRegistry } from '@streamy-db/actors'
import { PeerTransport } from '@streamy-db/core'
import type { Incident, MessageBus, Random } from '@streamy-db/core'
import { cacheBytesDefault } from '../../cache-size.ts'
import type { Clock } from '../../clock.ts'
import { describeActors } from '../front-desk/describe-actors.ts'
import { HistoryDesk } from '../front-desk/history-desk.ts'
import { patienceFrom } from '../patience.ts'
import { workerSessionPrefix } from '../protocol/addresses.ts'
import { StatusDesk } from '../status/status-desk.ts'
import type { WorkerReport } from '../status/worker-report.ts'
import { Checkpoints } from './checkpoints.ts'
import type { ClusterWorker, WorkerParts, WorkerSettings } from './cluster-worker.ts'
import { Historians } from './historians.ts'
import { IncidentReporter } from './incident-reporter.ts'
import { RunningWorker } from './running-worker.ts'
import { WorkerDesk } from './worker-desk.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What a worker stands on. */
export interface WorkerGround extends Omit<WorkerParts, 'transport'> {
  /** The bus on which it talks to clients. */
  readonly desk: MessageBus
  /** Fills bytes that nobody can guess: they tell incarnations apart. */
  readonly randomness: Pick<Random, 'fill'>
  readonly registry: ActorRegistry
  /** Ends what it stands on, the last first; the worker adds its own. */
  readonly endings: (() => Promise<unknown>)[]
  /** Runs the endings. */
  readonly shutDown: () => Promise<void>
}

/** What assembling takes of the options: all that is about a running worker, and whom it tells. */
export type AssemblyOptions = Pick<
  WorkerOptions,
  'name' | 'heartbeatMs' | 'evictAfterMs' | 'checkpointBytes' | 'cacheBytesMax' | 'logBytesMax' | 'skip'
> &
  Required<Pick<WorkerOptions, 'onIncident' | 'onEvent'>>

const MIB = 1024 * 1024
const ASK_AGAIN_MS = 200

/** A worker called `name`, not yet started. */
export function assembleWorker(ground: WorkerGround, name: string, options: AssemblyOptions): RunningWorker {
  const { bus, desk, clock, database, program, registry, log, randomness, endings, shutDown } = ground
  const settings = settingsOf(options)
  const checkpoints = new Checkpoints(ground.checkpoints)
  const historians = new Historians({ ...ground, ...settings, checkpoints }, clock)
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
  const incidents = new IncidentReporter(options.onIncident)
  const onIncident = (incident: Incident): void => {
    status.count(incident)
    incidents.report(incident)
  }
  const worker: RunningWorker = new RunningWorker({
    name,
    parts: () => ({ ...ground, transport: new PeerTransport(bus, database.id) }),
    settings,
    incarnation: () => incarnationToken(randomness),
    makeDesk,
    onIncident,
    onEvent: options.onEvent,
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

/** While partitions come or go, a worker has two. */
const ENGINES = 2

function settingsOf(options: AssemblyOptions): WorkerSettings {
  const { heartbeatMs = 200, evictAfterMs = 1000, checkpointBytes = 64 * MIB } = options
  const { cacheBytesMax = cacheBytesDefault(ENGINES), logBytesMax = 64 * MIB, skip = [] } = options
  return {
    heartbeatMs,
    evictAfterMs,
    askAgainMs: ASK_AGAIN_MS,
    checkpointBytes,
    cacheBytesMax,
    logBytesMax,
    skip: new Set(skip),
  }
}

function incarnationToken(randomness: Pick<Random, 'fill'>): string {
  const bytes = new Uint8Array(8)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array, and fills the bytes
  randomness.fill(bytes)
  return Buffer.from(bytes).toString('hex')
}
