// The workloads suite: every workload on Streamy, embedded and as a cluster, and, when asked for, on its peers, in one run on one
// machine, each with a client of its own. Rounds are interleaved, the second one in the opposite order, and ratios are taken within a round. At
// the end of each workload every system is checked against what it has answered.

import { ContestantProcess, type OpenedWorkload } from '../contestant-process.ts'
import { measureCpuFloors } from '../cpu-floors.ts'
import { DiskMeter } from '../disk-meter.ts'
import type { BenchOptions } from '../options.ts'
import type { SuiteContext } from '../suite.ts'
import { floorNames, peerNames, streamyNames, type SystemName } from '../systems/system-names.ts'
import { workloadSpec, type WorkloadSpec } from '../workload-specs.ts'
import { CheckFailed, type CheckResult } from '../workloads/workload.ts'
import { systemLines, workloadLines } from './workloads-report.ts'
import {
  figureOf,
  type Figures,
  type LatencyResult,
  type ProfileResult,
  type Reason,
  type WorkloadLevel,
  type WorkloadResult,
  type WorkloadsResult,
} from './workloads-result.ts'

type Contestant = ContestantProcess<SystemName>

/** A contestant in one workload. */
interface Entry extends OpenedWorkload {
  readonly contestant: Contestant
}

const WARM_UP_CALLERS = 256
const PEER_WARM_UP_CALLERS = 16
/** Of the seconds of a figure: three processes of a cluster take a few seconds until what they run has been compiled. */
const WARM_UP_SHARE = 7.5
/** What a peer runs was compiled long ago; only its client has to be warm. */
const PEER_WARM_UP_SHARE = 1
const LOADS = [0.5, 0.8]

/** See the header. */
export async function workloadsSuite(context: SuiteContext): Promise<WorkloadsResult> {
  const { options, print } = context
  const contestants: Contestant[] = []
  const unavailable: Reason[] = []
  try {
    await startAll(context, contestants, unavailable)
    for (const line of systemLines(contestants, unavailable, options)) print(line)
    const workloads: WorkloadResult[] = []
    const until = performance.now() + options.minutes * 60_000
    for (const [index, name] of options.specs.entries()) {
      const left = until - performance.now()
      if (left <= 0) {
        print(`\nThe time is up: ${options.specs.slice(index).join(', ')} NOT MEASURED. --minutes takes more.`)
        break
      }
      const share = left / (options.specs.length - index)
      const result = await measureWorkload(workloadSpec(name), contestants, context, performance.now() + share)
      for (const line of workloadLines(result, contestants, workloads)) print(line)
      workloads.push(result)
    }
    const systems = contestants.map(({ name, title, durability }) => ({ name, title, durability }))
    return { systems, unavailable, workloads, leftOut: options.specs.slice(workloads.length) }
  } finally {
    for (const contestant of contestants.toReversed()) await contestant.close()
  }
}

async function startAll(
  { options, directory, progress }: SuiteContext,
  contestants: Contestant[],
  unavailable: Reason[],
): Promise<void> {
  for (const name of [...floorNames, ...streamyNames, ...options.peers]) {
    progress(`starting ${name}`)
    await ContestantProcess.start<SystemName>({ name, directory }).then(
      (contestant) => contestants.push(contestant),
      (error: unknown) => unavailable.push({ name, reason: reasonOf(error) }),
    )
  }
  progress('')
}

async function measureWorkload(
  spec: WorkloadSpec,
  contestants: readonly Contestant[],
  context: SuiteContext,
  until: number,
): Promise<WorkloadResult> {
  const run = new WorkloadRun(spec, context)
  await run.open(contestants)
  await run.warmUp()
  const levels: WorkloadLevel[] = []
  const ladder = callersOf(spec, context.options)
  for (const [index, callers] of ladder.entries()) {
    const share = (until - performance.now()) / (ladder.length - index)
    levels.push(await run.measureLevel(callers, performance.now() + share))
  }
  const latencies = spec.openLoop ? await run.measureLatencies(levels) : []
  const profiles = context.options.profile ? await run.profile(ladder.at(-1)!) : []
  const checks = await run.check()
  context.progress('')
  const { name, title, parameters, plan } = spec
  const { caveats, unsupported } = run
  const cpuFloors = plan === undefined ? undefined : measureCpuFloors(plan)
  return { name, title, parameters, levels, latencies, profiles, checks, cpuFloors, caveats, unsupported }
}

// Those of the workload, unless the command line names others.
function callersOf({ callers }: WorkloadSpec, { specCallers }: BenchOptions): readonly number[] {
  return specCallers ?? callers
}

/** One workload on all that can do it. What goes wrong with a peer is its result; with Streamy, or any wrong answer, it is thrown. */
class WorkloadRun {
  readonly unsupported: Reason[] = []
  readonly #spec: WorkloadSpec
  readonly #context: SuiteContext
  readonly #disk: DiskMeter
  #entries: readonly Entry[] = []

  constructor(spec: WorkloadSpec, context: SuiteContext) {
    this.#spec = spec
    this.#context = context
    this.#disk = new DiskMeter(context.directory)
  }

  get caveats(): readonly Reason[] {
    return this.#entries.flatMap(({ contestant: { name }, caveat }) =>
      caveat === undefined ? [] : [{ name, reason: caveat }],
    )
  }

  async open(contestants: readonly Contestant[]): Promise<void> {
    const entries: Entry[] = []
    for (const contestant of contestants)
      await this.#attempt(contestant, 'loading', async () => {
        entries.push({ ...(await contestant.open(this.#spec.name)), contestant })
      })
    this.#entries = entries
  }

  async warmUp(): Promise<void> {
    const { seconds } = this.#context.options
    await this.#each('warming up', async ({ contestant }) => {
      const isPeer = (peerNames as readonly string[]).includes(contestant.name)
      await contestant.measure({
        callers: isPeer ? PEER_WARM_UP_CALLERS : WARM_UP_CALLERS,
        seconds: seconds * (isPeer ? PEER_WARM_UP_SHARE : WARM_UP_SHARE),
      })
    })
  }

  // From `until` on no second round begins.
  async measureLevel(callers: number, until: number): Promise<WorkloadLevel> {
    const { seconds, rounds: count } = this.#context.options
    const rounds = []
    for (let round = 1; round <= count && (round === 1 || performance.now() < until); round++) {
      const measured: Partial<Record<SystemName, Figures>> = {}
      await this.#each(
        `${callers} callers, round ${round} of ${count}:`,
        async ({ contestant }) => {
          const bytesBefore = this.#disk.bytesWritten()
          const { callsInAll, ...figures } = await contestant.measure({ callers, seconds })
          const bytesAfter = this.#disk.bytesWritten()
          const bytesPerCall =
            bytesBefore === undefined || bytesAfter === undefined ? undefined : (bytesAfter - bytesBefore) / callsInAll
          measured[contestant.name] = { ...figures, bytesPerCall }
        },
        round % 2 === 0,
      )
      rounds.push(measured)
    }
    return { callers, rounds }
  }

  // Capacity is the best that a system has shown at any number of callers.
  async measureLatencies(levels: readonly WorkloadLevel[]): Promise<readonly LatencyResult[]> {
    const results: LatencyResult[] = []
    const { seconds } = this.#context.options
    for (const share of LOADS)
      await this.#each(`at ${share} of its capacity:`, async ({ contestant }) => {
        const { name } = contestant
        const rates = levels.map((level) => figureOf(level, name, ({ callsPerSecond }) => callsPerSecond)?.median ?? 0)
        const callsPerSecond = share * Math.max(...rates)
        if (callsPerSecond > 0)
          results.push({ name, share, ...(await contestant.measureOpen({ callsPerSecond, seconds })) })
      })
    return results
  }

  // Of Streamy only: what a peer's client does is not ours to mend.
  async profile(callers: number): Promise<readonly ProfileResult[]> {
    const results: ProfileResult[] = []
    const { seconds } = this.#context.options
    await this.#each('profiling', async ({ contestant }) => {
      const { name } = contestant
      if (isStreamy(name)) results.push({ name, callers, lines: await contestant.profile({ callers, seconds }) })
    })
    return results
  }

  async check(): Promise<Readonly<Partial<Record<SystemName, CheckResult>>>> {
    const checks: Partial<Record<SystemName, CheckResult>> = {}
    await this.#each('checking', async ({ contestant }) => {
      checks[contestant.name] = await contestant.check()
    })
    return checks
  }

  async #each(doing: string, step: (entry: Entry) => Promise<void>, backwards = false): Promise<void> {
    for (const entry of backwards ? this.#entries.toReversed() : this.#entries)
      await this.#attempt(entry.contestant, doing, () => step(entry))
  }

  async #attempt({ name, title }: Contestant, doing: string, step: () => Promise<void>): Promise<void> {
    if (this.unsupported.some((reason) => reason.name === name)) return
    this.#context.progress(`${this.#spec.title}: ${doing} ${title}`)
    await step().catch((error: unknown) => {
      if (isStreamy(name) || error instanceof CheckFailed) throw error
      this.unsupported.push({ name, reason: reasonOf(error) })
    })
  }
}

function isStreamy(name: SystemName): boolean {
  return (streamyNames as readonly string[]).includes(name)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
