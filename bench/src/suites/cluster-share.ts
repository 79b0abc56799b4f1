// What a worker costs that owns a tenth of the partitions, beside one that owns all of them: processor time of its process
// per transaction in the log, while ids are drawn from many actors. Ten workers share one database, nine of them in a process
// that is not looked at; one worker has another database to itself, on the same server. Rounds alternate. What each entry costs
// is told too, beside what it costs a process that only takes it in and answers: that much no worker can save.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { idPlan } from '../call-plan.ts'
import { measure, timeCalls } from '../closed-loop.ts'
import { Companion, type CompanionStatus } from '../companion.ts'
import type { ClusterWorkersInput, ClusterWorkersStatus } from '../companions/cluster-workers.ts'
import type { LogListenerInput, LogListenerStatus } from '../companions/log-listener.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import { precise, whole, withExtremes } from '../table.ts'
import { GetNextId } from '../workloads/get-next-id.ts'

/** One database, and the worker of it that is looked at. */
interface Side {
  readonly workload: GetNextId
  readonly worker: Companion<ClusterWorkersStatus>
}

/** Processor time of one round, in microseconds. */
interface SideCost {
  readonly perTransaction: number
  readonly perEntry: number
  readonly transactionsPerEntry: number
}

interface ShareRound {
  readonly all: SideCost
  readonly tenth: SideCost
  /** Per entry of the tenth, of the process that only takes entries in and answers. */
  readonly listener: number
}

const MIB = 1024 * 1024
const PARTITIONS = 60
const WORKERS = 10
// Names decide who gets which partitions. Of ten with these, this one gets six of the sixty.
const nameOf = (worker: number): string => `worker-${worker}`
const MEASURED = 4
const SEQUENCES = 10_000
const CALLERS = 256
// What a worker does once an entry is compiled only after some thousand of them.
const WARM_UP_CALLS = 200_000
const SHARE_MAX = 0.2
const POLL_EVERY_MS = 50
const SHARED_WITHIN_MS = 60_000
const workersModule = new URL('../companions/cluster-workers.js', import.meta.url)
const listenerModule = new URL('../companions/log-listener.js', import.meta.url)

/** Measures, checks, prints, and resolves with all rounds. */
export async function measureShare({ options, directory, print, progress }: SuiteContext): Promise<unknown> {
  const endings: (() => Promise<unknown>)[] = []
  try {
    progress('starting ten workers')
    const server = await startNatsServer({ version: 'newest' })
    endings.push(() => server.stop())
    const open = async (name: string, workers: number): Promise<Side> => {
      const below = await mkdtemp(join(directory, 'share-'))
      return await openSide({ servers: server.url, name, directory: below, workers }, endings)
    }
    const all = await open('all', 1)
    const tenth = await open('tenth', WORKERS)
    const input: LogListenerInput = { servers: server.url }
    const listener = await Companion.start<LogListenerStatus>(listenerModule, input)
    endings.push(() => listener.stop())
    progress('warming up')
    for (const side of [all, tenth]) await timeCalls(side.workload, CALLERS, WARM_UP_CALLS)
    const rounds: ShareRound[] = []
    for (let round = 1; round <= options.rounds; round++) {
      progress(`share, round ${round} of ${options.rounds}`)
      const cost = await costOf(all, options.seconds)
      const before = await listener.status()
      const tenthCost = await costOf(tenth, options.seconds)
      rounds.push({ all: cost, tenth: tenthCost, listener: perEntry(before, await listener.status()) })
    }
    for (const { workload } of [all, tenth]) await workload.check()
    progress('')
    for (const line of shareLines(rounds)) print(line)
    return rounds
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

function shareLines(rounds: readonly ShareRound[]): readonly string[] {
  const share = spreadOf(rounds.map(({ all, tenth }) => tenth.perTransaction / all.perTransaction))
  const verdict = share.median <= SHARE_MAX ? 'met' : 'MISSED'
  const [all, tenth] = [costLine(rounds.map((round) => round.all)), costLine(rounds.map((round) => round.tenth))]
  const listener = spreadOf(rounds.map((round) => round.listener))
  return [
    '',
    `SHARE  processor time of one worker per transaction in the log; getNextId, ${SEQUENCES} actors, ${CALLERS} callers`,
    `owns all     ${all}`,
    `owns a tenth ${tenth}`,
    `             ${withExtremes(share, precise)} of it, goal ≤ ${SHARE_MAX}: ${verdict}`,
    `a process that only takes in each entry, and answers: ${withExtremes(listener, whole)} µs an entry`,
  ]
}

function costLine(costs: readonly SideCost[]): string {
  const transaction = withExtremes(spreadOf(costs.map((cost) => cost.perTransaction)), precise)
  const entry = withExtremes(spreadOf(costs.map((cost) => cost.perEntry)), whole)
  const transactions = withExtremes(spreadOf(costs.map((cost) => cost.transactionsPerEntry)), whole)
  return `${transaction} µs; ${entry} µs an entry of ${transactions} transactions`
}

async function costOf({ workload, worker }: Side, seconds: number): Promise<SideCost> {
  const before = await worker.status()
  const { callsInAll } = await measure(workload, { callers: CALLERS, seconds })
  const after = await worker.status()
  const [cpuUs, entries] = [after.cpuUs - before.cpuUs, after.executed - before.executed]
  return { perTransaction: cpuUs / callsInAll, perEntry: cpuUs / entries, transactionsPerEntry: callsInAll / entries }
}

function perEntry(before: LogListenerStatus & CompanionStatus, after: LogListenerStatus & CompanionStatus): number {
  return (after.cpuUs - before.cpuUs) / (after.entries - before.entries)
}

interface SideOptions {
  readonly servers: string
  readonly name: string
  readonly directory: string
  readonly workers: number
}

async function openSide(
  { servers, name, directory, workers }: SideOptions,
  endings: (() => Promise<unknown>)[],
): Promise<Side> {
  const shared = { servers, name, partitions: PARTITIONS, directory, maxLogBytes: 1024 * MIB }
  const start = async (...names: readonly string[]): Promise<Companion<ClusterWorkersStatus>> => {
    const input: ClusterWorkersInput = { ...shared, workers: names }
    const companion = await Companion.start<ClusterWorkersStatus>(workersModule, input)
    endings.push(() => companion.stop())
    return companion
  }
  const worker = await start(nameOf(MEASURED))
  const others = Array.from({ length: WORKERS }, (_, other) => other).filter((other) => other !== MEASURED)
  if (workers > 1) await start(...others.map(nameOf))
  await untilOwned(worker, PARTITIONS / workers)
  const database = await connect(servers, { name, actors: [Sequence] })
  endings.push(() => database.close())
  return {
    workload: new GetNextId(new StreamyCounters(database), `share: ${name}`, idPlan('sequence-', SEQUENCES)),
    worker,
  }
}

async function untilOwned(worker: Companion<ClusterWorkersStatus>, partitions: number): Promise<void> {
  const deadline = performance.now() + SHARED_WITHIN_MS
  for (;;) {
    const { owned } = await worker.status()
    if (owned[0] === partitions) return
    if (performance.now() > deadline)
      throw new Error(`The worker owns ${owned[0]} partitions, and ${partitions} are its share.`)
    await delay(POLL_EVERY_MS)
  }
}
