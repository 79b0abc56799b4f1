// The goals of the workloads suite: how many times as fast as its peers Streamy must be, and how near to its floor.

import { precise } from './table.ts'
import { figureOf, ratioOf, type Figures, type WorkloadLevel, type WorkloadResult } from './suites/workloads-result.ts'
import type { StreamyName, SystemName } from './systems/system-names.ts'

/** One goal: a figure of Streamy divided by the same figure of another system, round by round. */
export interface PeerGoal {
  readonly workload: string
  readonly callers: number
  readonly system: StreamyName
  readonly against: SystemName
  readonly atLeast?: number
  /** Latencies may be at most so many times the other's. */
  readonly atMost?: number
}

/** What was reached, in words. */
export interface Verdict {
  readonly text: string
  readonly met: boolean
}

const MAIN_CALLERS = 1024
const SKEW_MIN = 0.95

const throughput = (workload: string, system: StreamyName, against: SystemName, atLeast: number): PeerGoal => ({
  workload,
  callers: MAIN_CALLERS,
  system,
  against,
  atLeast,
})

/** All of them. */
export const peerGoals: readonly PeerGoal[] = [
  throughput('ids', 'embedded', 'redis', 3),
  throughput('ids', 'embedded', 'floor', 0.7),
  throughput('hot', 'embedded', 'postgresql', 100),
  throughput('transfers', 'embedded', 'redis', 3),
  throughput('transfers', 'embedded', 'postgresql', 10),
  throughput('transfers', 'embedded', 'floor', 0.5),
  throughput('ids', 'cluster', 'cluster-floor', 0.5),
  throughput('transfers', 'cluster', 'cluster-floor', 0.5),
  throughput('ids', 'cluster', 'redis', 2),
  throughput('transfers', 'cluster', 'redis', 2),
  throughput('ids', 'cluster', 'restate', 50),
  throughput('transfers', 'cluster', 'restate', 50),
  throughput('ids', 'cluster', 'etcd', 50),
  throughput('transfers', 'cluster', 'etcd', 50),
  { workload: 'ids', callers: 1, system: 'embedded', against: 'postgresql', atMost: 1 },
]

/** What was reached of a workload's goals: `embedded is 4.20 × redis, goal ≥ 3: met`. */
export function workloadVerdicts(workload: string, level: WorkloadLevel): readonly string[] {
  return peerGoals
    .filter((goal) => goal.workload === workload && goal.callers === level.callers)
    .flatMap((goal) => {
      const verdict = verdictOn(goal, level)
      return verdict === undefined ? [] : [`goal      ${verdict.text}`]
    })
}

/** Transfers of which few accounts take most, beside those that are drawn alike; undefined until both were measured. */
export function skewVerdict(workloads: readonly WorkloadResult[]): Verdict | undefined {
  const rateOf = (name: string): number | undefined => {
    const level = workloads
      .find((workload) => workload.name === name)
      ?.levels.find(({ callers }) => callers === MAIN_CALLERS)
    return level && figureOf(level, 'embedded', ({ callsPerSecond }) => callsPerSecond)?.median
  }
  const [skewed, uniform] = [rateOf('zipf'), rateOf('transfers')]
  if (skewed === undefined || uniform === undefined) return undefined
  const met = skewed / uniform >= SKEW_MIN
  return {
    text: `embedded: ${precise(skewed / uniform)} of uniform transfers, goal ≥ ${SKEW_MIN}: ${met ? 'met' : 'MISSED'}`,
    met,
  }
}

/** What was reached of a goal; undefined where either side was not measured. */
export function verdictOn({ system, against, atLeast, atMost }: PeerGoal, level: WorkloadLevel): Verdict | undefined {
  const figure = (figures: Figures): number => (atMost === undefined ? figures.callsPerSecond : figures.p50Ms)
  const ratio = ratioOf(level, system, against, figure)
  if (ratio === undefined) return undefined
  const met = ratio.median >= (atLeast ?? -Infinity) && ratio.median <= (atMost ?? Infinity)
  const what = atMost === undefined ? '' : 'median latency '
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  return {
    text: `${system}: ${what}${precise(ratio.median)} × ${against}, goal ${bound}: ${met ? 'met' : 'MISSED'}`,
    met,
  }
}
