// What a worker costs that owns a tenth of the partitions, beside one that owns all of them: processor time of its process
// per transaction in the log, while ids are drawn from many actors. Ten workers share one database, nine of them in a process
// that is not looked at; one worker has another database to itself, on the same server. Rounds alternate.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { idPlan } from '../call-plan.ts'
import { measure, timeCalls } from '../closed-loop.ts'
import { Companion } from '../companion.ts'
import type { ClusterWorkersInput, ClusterWorkersStatus } from '../companions/cluster-workers.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import { precise, withExtremes } from '../table.ts'
import { GetNextId } from '../workloads/get-next-id.ts'

/** One database, and the worker of it that is looked at. */
interface Side {
  readonly workload: GetNextId
  readonly worker: Companion<ClusterWorkersStatus>
}

/** Processor time per transaction of one round, in microseconds. */
interface ShareRound {
  readonly all: number
  readonly tenth: number
}

const MIB = 1024 * 1024
const PARTITIONS = 60
const WORKERS = 10
// Names decide who gets which partitions. Of ten with these, this one gets six of the sixty.
const nameOf = (worker: number): string => `worker-${worker}`
const MEASURED = 4
const SEQUENCES = 10_000
const CALLERS = 256
const WARM_UP_CALLERS = 1024
const WARM_UP_CALLS = 50_000
const SHARE_MAX = 0.2
const POLL_EVERY_MS = 50
const SHARED_WITHIN_MS = 60_000
const workersModule = new URL('../companions/cluster-workers.js', import.meta.url)

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
    progress('warming up')
    // A tenth of the transactions warms a worker up ten times as slowly.
    for (const side of [all, tenth]) await timeCalls(side.workload, WARM_UP_CALLERS, WARM_UP_CALLS)
    const rounds: ShareRound[] = []
    for (let round = 1; round <= options.rounds; round++) {
      progress(`share, round ${round} of ${options.rounds}`)
      rounds.push({ all: await costOf(all, options.seconds), tenth: await costOf(tenth, options.seconds) })
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
  const share = spreadOf(rounds.map(({ all, tenth }) => tenth / all))
  const [all, tenth] = [spreadOf(rounds.map((round) => round.all)), spreadOf(rounds.map((round) => round.tenth))]
  const verdict = share.median <= SHARE_MAX ? 'met' : 'MISSED'
  return [
    '',
    `SHARE  processor time of one worker per transaction in the log; getNextId, ${SEQUENCES} actors, ${CALLERS} callers`,
    `owns all     ${withExtremes(all, precise)} µs`,
    `owns a tenth ${withExtremes(tenth, precise)} µs, ${withExtremes(share, precise)} of it, goal ≤ ${SHARE_MAX}: ${verdict}`,
  ]
}

async function costOf({ workload, worker }: Side, seconds: number): Promise<number> {
  const before = await worker.status()
  const { callsInAll } = await measure(workload, { callers: CALLERS, seconds })
  const after = await worker.status()
  return (after.cpuUs - before.cpuUs) / callsInAll
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
