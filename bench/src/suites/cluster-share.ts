// What a worker costs that owns a tenth of the partitions, beside one that owns all of them: processor time of its process
// per transaction in the log, while ids are drawn from many actors. Ten workers share one database, nine of them in a process
// that is not looked at; one worker has another database to itself, on the same server. Rounds alternate. What each entry costs
// is told too, beside what it costs a process that only takes it in and answers: that much no worker can save. So it is measured
// with many callers as well, whose entries are large.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { idPlan } from '../call-plan.ts'
import { measure, timeCalls, type Load } from '../closed-loop.ts'
import { Companion } from '../companion.ts'
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

interface Measured {
  readonly all: Side
  readonly tenth: Side
  readonly listener: Companion<LogListenerStatus>
}

interface ShareRound {
  readonly all: SideCost
  readonly tenth: SideCost
  /** Per entry of the tenth, of the process that only takes entries in and answers. */
  readonly listener: number
}

interface ShareLevel {
  readonly callers: number
  readonly rounds: readonly ShareRound[]
}

const MIB = 1024 * 1024
const PARTITIONS = 60
const WORKERS = 10
// Names decide who gets which partitions. Of ten with these, this one gets six of the sixty.
const nameOf = (worker: number): string => `worker-${worker}`
const MEASURED = 4
const SEQUENCES = 10_000
const CALLERS = [256, 4096] as const
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
    for (const side of [all, tenth]) await timeCalls(side.workload, CALLERS[0], WARM_UP_CALLS)
    const levels: ShareLevel[] = []
    for (const callers of CALLERS) {
      progress(`share, ${callers} callers`)
      const rounds: ShareRound[] = []
      while (rounds.length < options.rounds)
        rounds.push(await measureRound({ all, tenth, listener }, { callers, seconds: options.seconds }))
      levels.push({ callers, rounds })
    }
    for (const { workload } of [all, tenth]) await workload.check()
    progress('')
    print('')
    print(`SHARE  processor time of one worker per transaction in the log; getNextId, ${SEQUENCES} actors`)
    for (const line of levels.flatMap(levelLines)) print(line)
    return levels
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

function levelLines({ callers, rounds }: ShareLevel): readonly string[] {
  const share = spreadOf(rounds.map(({ all, tenth }) => tenth.perTransaction / all.perTransaction))
  const verdict = share.median <= SHARE_MAX ? 'met' : 'MISSED'
  const listener = spreadOf(rounds.map((round) => round.listener))
  return [
    `${callers} callers`,
    `  owns all     ${costLine(rounds.map((round) => round.all))}`,
    `  owns a tenth ${costLine(rounds.map((round) => round.tenth))}`,
    `  a tenth of the partitions takes ${withExtremes(share, precise)} of the time, goal ≤ ${SHARE_MAX}: ${verdict}`,
    `  to take in an entry and answer, and nothing else: ${withExtremes(listener, whole)} µs`,
  ]
}

function costLine(costs: readonly SideCost[]): string {
  const transaction = withExtremes(spreadOf(costs.map((cost) => cost.perTransaction)), precise)
  const entry = withExtremes(spreadOf(costs.map((cost) => cost.perEntry)), whole)
  const transactions = withExtremes(spreadOf(costs.map((cost) => cost.transactionsPerEntry)), whole)
  return `${transaction} µs; ${entry} µs an entry of ${transactions} transactions`
}

async function measureRound({ all, tenth, listener }: Measured, load: Load): Promise<ShareRound> {
  const cost = await costOf(all, load)
  const before = await listener.status()
  const tenthCost = await costOf(tenth, load)
  const after = await listener.status()
  const perEntry = (after.cpuUs - before.cpuUs) / (after.entries - before.entries)
  return { all: cost, tenth: tenthCost, listener: perEntry }
}

async function costOf({ workload, worker }: Side, load: Load): Promise<SideCost> {
  const before = await worker.status()
  const { callsInAll } = await measure(workload, load)
  const after = await worker.status()
  const [cpuUs, entries] = [after.cpuUs - before.cpuUs, after.executed - before.executed]
  return { perTransaction: cpuUs / callsInAll, perEntry: cpuUs / entries, transactionsPerEntry: callsInAll / entries }
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
