// The multi-partition suite: Calvin's microbenchmark on a cluster by the share of its transactions that reach over two
// partitions, with one worker and with several, by both protocols: votes, where each counter is a call of its own in one
// transaction, and home, where one message calls the other counters. The others stay in one partition.

import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { actorRef, partitionOf } from '@streamy-db/core'
import { startNatsServer } from '@streamy-db/jetstream/testing'
import { connect, type Database } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { measure, type Measurement } from '../closed-loop.ts'
import { Companion } from '../companion.ts'
import type { ClusterWorkersInput, ClusterWorkersStatus } from '../companions/cluster-workers.ts'
import { partitionPlan } from '../group-plan.ts'
import { spreadOf } from '../spread.ts'
import type { SuiteContext } from '../suite.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import type { Counters } from '../systems/system.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import { CounterGroups } from '../workloads/counter-groups.ts'

const protocols = ['votes', 'home'] as const
const SHARES = [0, 0.1, 1]
const WORKERS = [1, 2, 4]
/** How many times as fast transactions in one partition may be. */
const slowdownsMax: Readonly<Record<Protocol, number>> = { votes: 3, home: 5 }
const PARTITIONS = 64
const COUNTERS = 20_000
const SIZE = 10
const CALLERS = 256
const MAX_LOG_BYTES = 1024 ** 3
const POLL_EVERY_MS = 50
const SHARED_WITHIN_MS = 60_000
const workersModule = new URL('../companions/cluster-workers.js', import.meta.url)

type Protocol = (typeof protocols)[number]

/** One mix of transactions. */
interface Mix {
  readonly protocol: Protocol
  readonly share: number
  readonly workload: CounterGroups
  readonly rounds: Measurement[]
}

/** See the header. */
export async function multiPartitionSuite(context: SuiteContext): Promise<unknown> {
  const { options, print } = context
  print(
    `MULTI-PARTITION  ${SIZE} read-modify-writes on ${whole(COUNTERS)} counters, ${PARTITIONS} partitions, ${CALLERS} callers; sync_interval: always`,
  )
  print(
    `rounds           ${options.rounds} of ${options.seconds} s a figure, interleaved; medians, with extremes in brackets`,
  )
  const results = []
  for (const workers of WORKERS) {
    const mixes = await measureWorkers(workers, context)
    print()
    for (const line of mixLines(workers, mixes)) print(line)
    results.push({ workers, mixes: mixes.map(({ protocol, share, rounds }) => ({ protocol, share, rounds })) })
  }
  return results
}

async function measureWorkers(workers: number, context: SuiteContext): Promise<readonly Mix[]> {
  const { options, progress } = context
  const endings: (() => Promise<unknown>)[] = []
  try {
    progress(`starting ${workers} workers`)
    const database = await startDatabase(workers, context, endings)
    const mixes = protocols.flatMap((protocol) => SHARES.map((share) => mixOf(database, protocol, share)))
    progress('warming up')
    for (const { workload } of mixes) await measure(workload, { callers: CALLERS, seconds: options.seconds })
    for (let round = 1; round <= options.rounds; round++)
      for (const { workload, rounds } of mixes) {
        progress(`${workers} workers, round ${round} of ${options.rounds}: ${workload.title}`)
        rounds.push(await measure(workload, { callers: CALLERS, seconds: options.seconds }))
      }
    for (const { workload } of mixes) await workload.check()
    progress('')
    return mixes
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

async function startDatabase(
  workers: number,
  { directory }: SuiteContext,
  endings: (() => Promise<unknown>)[],
): Promise<Database> {
  const server = await startNatsServer({ version: 'newest', syncInterval: 'always' })
  endings.push(() => server.stop())
  const below = await mkdtemp(join(directory, 'workers-'))
  const shared = { servers: server.url, name: 'bench', partitions: PARTITIONS, directory: below }
  const companions: Companion<ClusterWorkersStatus>[] = []
  for (let worker = 0; worker < workers; worker++) {
    const input: ClusterWorkersInput = { ...shared, workers: [`worker-${worker}`], maxLogBytes: MAX_LOG_BYTES }
    const companion = await Companion.start<ClusterWorkersStatus>(workersModule, input)
    endings.push(() => companion.stop())
    companions.push(companion)
  }
  await untilShared(companions)
  const database = await connect(server.url, { name: 'bench', actors: [Sequence] })
  endings.push(() => database.close())
  return database
}

// Each owns some, and nobody still owns what another has been given.
async function untilShared(workers: readonly Companion<ClusterWorkersStatus>[]): Promise<void> {
  const deadline = performance.now() + SHARED_WITHIN_MS
  for (;;) {
    const owned: number[] = []
    for (const worker of workers) owned.push(...(await worker.status()).owned)
    if (owned.every((count) => count > 0) && owned.reduce((sum, count) => sum + count, 0) === PARTITIONS) return
    if (performance.now() > deadline)
      throw new Error(`The workers own ${owned.join(', ')} of ${PARTITIONS} partitions.`)
    await delay(POLL_EVERY_MS)
  }
}

function mixOf(database: Database, protocol: Protocol, share: number): Mix {
  const counters = new StreamyCounters(database)
  const port = protocol === 'home' ? counters : votingCounters(database, counters)
  const plan = partitionPlan(`${protocol}-${share}-`, {
    count: COUNTERS,
    size: SIZE,
    share,
    partitionOf: (key) => partitionOf(actorRef('Sequence', key), PARTITIONS),
  })
  const title = `${protocol}, ${100 * share} % over two partitions`
  return { protocol, share, workload: new CounterGroups(port, title, plan), rounds: [] }
}

// The same counters, each advanced by a call of its own in one transaction.
function votingCounters(database: Database, counters: StreamyCounters): Counters {
  return {
    next: (key) => counters.next(key),
    nextOfAll: (keys) =>
      database.transaction((tx) => {
        for (const key of keys) void tx.actor(Sequence, key).getNextId()
      }),
    values: (keys) => counters.values(keys),
  }
}

function mixLines(workers: number, mixes: readonly Mix[]): readonly string[] {
  const header = [workers === 1 ? '1 worker' : `${workers} workers`, 'transactions/s', 'p50 ms', 'p99 ms']
  const rows = mixes.map(({ workload: { title }, rounds }) => [
    title,
    withExtremes(spreadOf(rounds.map(({ callsPerSecond }) => callsPerSecond)), whole),
    precise(spreadOf(rounds.map(({ p50Ms }) => p50Ms)).median),
    precise(spreadOf(rounds.map(({ p99Ms }) => p99Ms)).median),
  ])
  return [...tableLines(header, rows), ...protocols.map((protocol) => verdictOn(protocol, mixes))]
}

// Round by round: none of them reaching over two partitions against all of them.
function verdictOn(protocol: Protocol, mixes: readonly Mix[]): string {
  const roundsOf = (share: number): readonly Measurement[] =>
    mixes.find((mix) => mix.protocol === protocol && mix.share === share)?.rounds ?? []
  const all = roundsOf(1)
  const slowdown = spreadOf(roundsOf(0).map(({ callsPerSecond }, index) => callsPerSecond / all[index]!.callsPerSecond))
  const most = slowdownsMax[protocol]
  const verdict = slowdown.median <= most ? 'met' : 'MISSED'
  return `${protocol}: ${withExtremes(slowdown, precise)} times slower at 100 % than at 0 %, goal ≤ ${most}: ${verdict}`
}
