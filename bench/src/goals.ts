// The goals: what the figures of the suites are held against.

import { precise } from './table.ts'
import { spreadOf } from './spread.ts'
import type { WorkloadName } from './workload-names.ts'

/** Which figure of which workload a goal is about. */
export interface Goal {
  readonly kind: 'throughput' | 'latency'
  /** What the figure is divided by, pair by pair within a round. */
  readonly against: WorkloadName
  readonly atLeast?: number
  readonly atMost?: number
}

const FLOOR_CALLERS_MIN = 256
const latencyAgainst = (against: WorkloadName, atMost: number): Goal => ({ kind: 'latency', against, atMost })
const throughputAgainst = (against: WorkloadName, atLeast: number): Goal => ({ kind: 'throughput', against, atLeast })

/** The goals of a workload at a number of callers. */
export type Goals = (name: WorkloadName, callers: number) => readonly Goal[]

/** Those of the embedded suite. */
export function embeddedGoals(name: WorkloadName, callers: number): readonly Goal[] {
  const floor = floorOf(name)
  if (floor === undefined || name === 'segments') return []
  const goals: Goal[] = []
  if (callers === 1) goals.push(latencyAgainst(floor, 1.3))
  if (callers >= FLOOR_CALLERS_MIN) goals.push(throughputAgainst(floor, floor === 'floor-ids' ? 0.7 : 0.5))
  if (name === 'zipf') goals.push(throughputAgainst('transfers', 0.95))
  return goals
}

/** Those of the cluster suite. */
export function clusterGoals(name: WorkloadName, callers: number): readonly Goal[] {
  const floor = floorOf(name)
  if (floor === undefined) return []
  if (callers === 1) return [latencyAgainst(floor, 1.5)]
  return callers >= FLOOR_CALLERS_MIN ? [throughputAgainst(floor, 0.5)] : []
}

/** The floor that a workload is compared with; it makes the same calls. */
export function floorOf(name: WorkloadName): WorkloadName | undefined {
  if (name === 'ids' || name === 'hot' || name === 'segments') return 'floor-ids'
  if (name === 'transfers' || name === 'zipf') return 'floor-transfers'
  return undefined
}

/** What was reached: `0.71 of floor-ids, goal 0.60: met`. Ratios are those of the rounds. */
export function verdictOn(goal: Goal, ratios: readonly number[]): string {
  const { median } = spreadOf(ratios)
  const met = median >= (goal.atLeast ?? -Infinity) && median <= (goal.atMost ?? Number.MAX_VALUE)
  const figure = goal.kind === 'latency' ? 'p50 ' : ''
  const bound = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`
  return `${figure}${precise(median)} of ${goal.against}, goal ${bound}: ${met ? 'met' : 'MISSED'}`
}
