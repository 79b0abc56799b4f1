// Levels: all rounds at one number of callers, and the table that reports them. It computes ratios from rounds and measures
// nothing.

import type { Measurement } from '../closed-loop.ts'
import { floorOf, verdictOn, type Goal, type Goals } from '../goals.ts'
import { spreadOf, type Spread } from '../spread.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import type { WorkloadName } from '../workload-names.ts'

/** What one round measured. */
export type Round = Readonly<Partial<Record<WorkloadName, RoundMeasurement>>>

/** What one workload came to in a round. */
export interface RoundMeasurement extends Measurement {
  /** Processor time of the worker's process per call, where there is one. */
  readonly workerCpuUsPerCall?: number
}

/** All rounds at one number of callers. */
export interface Level {
  readonly callers: number
  readonly rounds: readonly Round[]
}

/** The table of one number of callers. */
export function levelLines(level: Level, titles: ReadonlyMap<WorkloadName, string>, goals: Goals): readonly string[] {
  const title = level.callers === 1 ? '1 caller' : `${whole(level.callers)} callers`
  const header = [title, 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs', 'of the floor', 'goal']
  const rows = [...titles].map(([name, workload]) => levelRow(level, name, workload, goals))
  return tableLines(header, rows)
}

function levelRow(level: Level, name: WorkloadName, title: string, goals: Goals): readonly string[] {
  const figure = (of: (measurement: RoundMeasurement) => number): Spread =>
    spreadOf(level.rounds.flatMap(({ [name]: measurement }) => (measurement === undefined ? [] : [of(measurement)])))
  const floor = floorOf(name)
  const ratios = floor === undefined ? [] : ratiosOf(level, name, { kind: 'throughput', against: floor })
  const verdicts = goals(name, level.callers).flatMap((goal) => {
    const reached = ratiosOf(level, name, goal)
    return reached.length === 0 ? [] : [verdictOn(goal, reached)]
  })
  return [
    title,
    withExtremes(
      figure(({ callsPerSecond }) => callsPerSecond),
      whole,
    ),
    precise(figure(({ p50Ms }) => p50Ms).median),
    precise(figure(({ p99Ms }) => p99Ms).median),
    processorTime(figure),
    ratios.length === 0 ? '' : withExtremes(spreadOf(ratios), precise),
    verdicts.join('; '),
  ]
}

// That of the process that makes the calls, and of the one that answers them.
function processorTime(figure: (of: (measurement: RoundMeasurement) => number) => Spread): string {
  const { median: own } = figure(({ cpuUsPerCall }) => cpuUsPerCall)
  const { median: workers } = figure(({ workerCpuUsPerCall = Number.NaN }) => workerCpuUsPerCall)
  return Number.isNaN(workers) ? precise(own) : `${precise(own)} + ${precise(workers)}`
}

// One ratio a round; rounds in which either side was not measured have none.
function ratiosOf({ rounds }: Level, name: WorkloadName, { kind, against }: Goal): readonly number[] {
  return rounds.flatMap(({ [name]: mine, [against]: theirs }) => {
    if (mine === undefined || theirs === undefined) return []
    return [kind === 'latency' ? mine.p50Ms / theirs.p50Ms : mine.callsPerSecond / theirs.callsPerSecond]
  })
}
