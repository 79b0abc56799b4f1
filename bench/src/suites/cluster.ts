// The cluster suite: ids and transfers in closed loops on one NATS server with one worker, whose process is its own; this
// process is the client. Beside it the floor for the same calls, in the same rounds; see `embedded.ts` for why. Once with a
// server that flushes before it acknowledges, once with the server's default. Then what a worker costs that owns a tenth.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { connectNats, createLogStream, type LogStream } from '@streamy-db/jetstream'
import { startNatsServer, type NatsServer } from '@streamy-db/jetstream/testing'
import { connect as connectBare, createInbox, type NatsConnection } from 'nats'
import { connect } from 'streamy-db'
import { Account, InsufficientFunds, Sequence } from '../actors.ts'
import { idPlan, transferPlan, type CallPlan } from '../call-plan.ts'
import { measure, type Load } from '../closed-loop.ts'
import { ClusterFloor } from '../cluster-floor.ts'
import { Companion } from '../companion.ts'
import type { ClusterWorkersInput, ClusterWorkersStatus } from '../companions/cluster-workers.ts'
import type { FloorWorkerInput, FloorWorkerStatus } from '../companions/floor-worker.ts'
import { clusterGoals } from '../goals.ts'
import type { BenchOptions } from '../options.ts'
import type { SuiteContext } from '../suite.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import type { WorkloadName } from '../workload-names.ts'
import { ClusterFloorCalls } from '../workloads/cluster-floor-calls.ts'
import { GetNextId } from '../workloads/get-next-id.ts'
import { openTransfers } from '../workloads/open-transfers.ts'
import type { CheckResult, Workload } from '../workloads/workload.ts'
import { measureShare } from './cluster-share.ts'
import { levelLines, type Level, type Round, type RoundMeasurement } from './level-report.ts'

/** One way to run the server. */
interface ServerMode {
  readonly title: string
  readonly syncInterval?: string
}

/** A workload with the process that answers it. */
interface Side {
  readonly workload: Workload
  readonly worker: Companion<unknown>
}

type Sides = ReadonlyMap<WorkloadName, Side>

const MIB = 1024 * 1024
const SEQUENCES = 1000
const ACCOUNTS = 10_000
const PARTITIONS = 64
const MAX_LOG_BYTES = 1024 * MIB
const WARM_UP_CALLERS = 1024
const modes: readonly ServerMode[] = [
  { title: 'sync_interval: always', syncInterval: 'always' },
  { title: 'sync_interval: 2m, the default' },
]
const workersModule = new URL('../companions/cluster-workers.js', import.meta.url)
const floorModule = new URL('../companions/floor-worker.js', import.meta.url)

/** See the header. */
export async function clusterSuite(context: SuiteContext): Promise<unknown> {
  for (const line of headingLines(context.options)) context.print(line)
  const results = []
  for (const mode of modes) results.push({ mode, ...(await measureMode(mode, context)) })
  return { results, share: await measureShare(context) }
}

function headingLines({ rounds, seconds }: BenchOptions): readonly string[] {
  return [
    'CLUSTER  closed loops; one NATS server, one copy of the log; a client and a worker in two processes',
    'floor       the same calls packed with msgpackr, two messages unacknowledged, to a stream of the same settings; a',
    '            bare worker counts the calls of each message and answers once for all of them',
    'CPU µs      of the client and of the worker, per call; the server has its own on top',
    `rounds      ${rounds} of ${seconds} s a figure, interleaved; medians, with extremes in brackets`,
  ]
}

async function measureMode(mode: ServerMode, context: SuiteContext): Promise<object> {
  const endings: (() => Promise<unknown>)[] = []
  try {
    context.progress('starting')
    const { syncInterval } = mode
    const server = await startNatsServer({ version: 'newest', ...(syncInterval === undefined ? {} : { syncInterval }) })
    endings.push(() => server.stop())
    context.print(`\nnats-server ${server.version}, ${mode.title}`)
    return await measureSides(await openSides(server, context, endings), context)
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

async function measureSides(sides: Sides, context: SuiteContext): Promise<object> {
  const { options, print, progress } = context
  const titles = new Map([...sides].map(([name, { workload }]) => [name, workload.title]))
  progress('warming up')
  for (const side of sides.values()) await measureSide(side, { callers: WARM_UP_CALLERS, seconds: 2 * options.seconds })
  const levels: Level[] = []
  for (const callers of options.callers) {
    const level = await measureLevel(sides, callers, context)
    levels.push(level)
    print()
    for (const line of levelLines(level, titles, clusterGoals)) print(line)
  }
  return { levels, checks: await checkAll(sides, context) }
}

async function openSides(
  server: NatsServer,
  context: SuiteContext,
  endings: (() => Promise<unknown>)[],
): Promise<Sides> {
  const input: ClusterWorkersInput = {
    servers: server.url,
    name: 'bench',
    workers: ['worker'],
    partitions: PARTITIONS,
    directory: await mkdtemp(join(context.directory, 'worker-')),
    maxLogBytes: MAX_LOG_BYTES,
  }
  const worker = await Companion.start<ClusterWorkersStatus>(workersModule, input)
  endings.push(() => worker.stop())
  const database = await connect(server.url, {
    name: 'bench',
    actors: [Sequence, Account],
    errors: [InsufficientFunds],
  })
  endings.push(() => database.close())
  const bare = await connectBare({ servers: server.url })
  endings.push(() => bare.close())
  const ids = idPlan('sequence-', SEQUENCES)
  const transfers = transferPlan('account-', ACCOUNTS, 0)
  const side = async (name: WorkloadName): Promise<Side | undefined> => {
    switch (name) {
      case 'floor-ids':
        return await openFloor({ server, bare, plan: ids, title: 'floor: getNextId', name, endings })
      case 'floor-transfers':
        return await openFloor({ server, bare, plan: transfers, title: 'floor: transfers', name, endings })
      case 'ids':
        return { workload: new GetNextId(new StreamyCounters(database), `getNextId, ${SEQUENCES} actors`, ids), worker }
      case 'transfers':
        return { workload: await openTransfers(database, 'transfers, uniform', transfers), worker }
      default:
        return undefined
    }
  }
  const sides = new Map<WorkloadName, Side>()
  for (const name of context.options.workloads) {
    const opened = await side(name)
    if (opened !== undefined) sides.set(name, opened)
  }
  return sides
}

interface FloorParts {
  readonly server: NatsServer
  readonly bare: NatsConnection
  readonly plan: CallPlan
  readonly title: string
  readonly name: WorkloadName
  readonly endings: (() => Promise<unknown>)[]
}

async function openFloor({ server, bare, plan, title, name, endings }: FloorParts): Promise<Side> {
  const { stream } = await makeStream(server, name)
  const input: FloorWorkerInput = { servers: server.url, stream: stream.name, answers: createInbox() }
  const worker = await Companion.start<FloorWorkerStatus>(floorModule, input)
  endings.push(() => worker.stop())
  const floor = new ClusterFloor(bare, stream.subject, input.answers)
  const counted = async (): Promise<number> => (await worker.status()).calls
  return { workload: new ClusterFloorCalls(floor, title, plan, counted), worker }
}

// A log like any other, with the same settings; only nothing that is written to it is an entry.
async function makeStream(server: NatsServer, name: string): Promise<{ readonly stream: LogStream }> {
  const connection = await connectNats({ servers: server.url })
  const { log, stream } = await createLogStream(connection, { name, maxBytes: MAX_LOG_BYTES })
  await log.close()
  await connection.close()
  return { stream }
}

async function measureLevel(sides: Sides, callers: number, { options, progress }: SuiteContext): Promise<Level> {
  const rounds: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const measured: Partial<Record<WorkloadName, RoundMeasurement>> = {}
    for (const [name, side] of sides) {
      progress(`${callers} callers, round ${round} of ${options.rounds}: ${side.workload.title}`)
      measured[name] = await measureSide(side, { callers, seconds: options.seconds })
    }
    rounds.push(measured)
  }
  progress('')
  return { callers, rounds }
}

async function measureSide({ workload, worker }: Side, load: Load): Promise<RoundMeasurement> {
  const before = await worker.status()
  const measurement = await measure(workload, load)
  const after = await worker.status()
  return { ...measurement, workerCpuUsPerCall: (after.cpuUs - before.cpuUs) / measurement.callsInAll }
}

async function checkAll(
  sides: Sides,
  { print, progress }: SuiteContext,
): Promise<Partial<Record<WorkloadName, CheckResult>>> {
  const checks: Partial<Record<WorkloadName, CheckResult>> = {}
  print()
  for (const [name, { workload }] of sides) {
    progress(`checking ${workload.title}`)
    const check = await workload.check()
    progress('')
    checks[name] = check
    print(`checked  ${workload.title}: ${check.summary}`)
  }
  return checks
}
