// The report of the embedded suite: its heading, and one table for each number of callers. It computes ratios from
// rounds and measures nothing.

import type { Measurement } from '../closed-loop.ts'
import { floorOf, goalsOf, verdictOn, type Goal } from '../goals.ts'
import type { BenchOptions } from '../options.ts'
import { spreadOf, type Spread } from '../spread.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import type { WorkloadName } from '../workload-names.ts'

/** What one round measured. */
export type Round = Readonly<Partial<Record<WorkloadName, Measurement>>>

/** All rounds at one number of callers. */
export interface Level {
  readonly callers: number
  readonly rounds: readonly Round[]
}

/** What is measured, and what durable means on either side. */
export function headingLines({ rounds, seconds }: BenchOptions): readonly string[] {
  return [
    'EMBEDDED  closed loops; every reply after the flush that covers its call',
    'durability  Streamy: each group of calls is written through to the disk (O_DSYNC; elsewhere than on Linux',
    '            fdatasync) into checksummed segments, then executed, then answered',
    '            floor: LMDB commits each group in full: pages, fdatasync, then the meta page by O_DSYNC; then it is',
    '            answered. It packs the same calls with msgpackr and executes nothing',
    `rounds      ${rounds} of ${seconds} s a figure, interleaved; medians, with extremes in brackets`,
  ]
}

/** The table of one number of callers. */
export function levelLines(level: Level, titles: ReadonlyMap<WorkloadName, string>): readonly string[] {
  const title = level.callers === 1 ? '1 caller' : `${whole(level.callers)} callers`
  const header = [title, 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs', 'of the floor', 'goal']
  const rows = [...titles].map(([name, workload]) => levelRow(level, name, workload))
  return tableLines(header, rows)
}

function levelRow(level: Level, name: WorkloadName, title: string): readonly string[] {
  const figure = (of: (measurement: Measurement) => number): Spread =>
    spreadOf(level.rounds.flatMap(({ [name]: measurement }) => (measurement === undefined ? [] : [of(measurement)])))
  const floor = floorOf(name)
  const ratios = floor === undefined ? [] : ratiosOf(level, name, { kind: 'throughput', against: floor })
  const verdicts = goalsOf(name, level.callers).flatMap((goal) => {
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
    precise(figure(({ cpuUsPerCall }) => cpuUsPerCall).median),
    ratios.length === 0 ? '' : withExtremes(spreadOf(ratios), precise),
    verdicts.join('; '),
  ]
}

// One ratio a round; rounds in which either side was not measured have none.
function ratiosOf({ rounds }: Level, name: WorkloadName, { kind, against }: Goal): readonly number[] {
  return rounds.flatMap(({ [name]: mine, [against]: theirs }) => {
    if (mine === undefined || theirs === undefined) return []
    return [kind === 'latency' ? mine.p50Ms / theirs.p50Ms : mine.callsPerSecond / theirs.callsPerSecond]
  })
}
