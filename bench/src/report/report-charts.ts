// Which pictures the report shows: throughput against callers, latency against load, and the contention sweep.

import type { SystemName } from '../systems/system-names.ts'
import { figureOf, type WorkloadResult, type WorkloadsResult } from '../suites/workloads-result.ts'
import type { LineChart, Series } from './line-chart.ts'

/** A chart and its file's name without the ending. */
export interface NamedChart {
  readonly name: string
  readonly chart: LineChart
}

/** Those that the results have enough points for. */
export function chartsOf(result: WorkloadsResult): readonly NamedChart[] {
  const charts = result.workloads.flatMap((workload) => [
    throughputChart(workload, result),
    latencyChart(workload, result),
  ])
  return [...charts, contentionChart(result)].filter((chart) => chart !== undefined)
}

function throughputChart(workload: WorkloadResult, result: WorkloadsResult): NamedChart | undefined {
  if (workload.levels.length < 2) return undefined
  const series = seriesOf(result, (name) =>
    workload.levels.flatMap((level) => {
      const rate = figureOf(level, name, ({ callsPerSecond }) => callsPerSecond)
      return rate === undefined ? [] : [[level.callers, rate.median] as const]
    }),
  )
  const chart: LineChart = {
    title: `${workload.title}: throughput against callers`,
    xTitle: 'concurrent callers',
    yTitle: 'calls a second',
    xScale: 'logarithmic',
    yScale: 'logarithmic',
    series,
  }
  return { name: `${workload.name}-throughput`, chart }
}

function latencyChart(workload: WorkloadResult, result: WorkloadsResult): NamedChart | undefined {
  if (workload.latencies.length === 0) return undefined
  const series = seriesOf(result, (name) =>
    workload.latencies
      .filter((latency) => latency.name === name)
      .map(({ callsPerSecond, p99Ms }) => [callsPerSecond, p99Ms] as const),
  )
  const chart: LineChart = {
    title: `${workload.title}: latency at 50 % and 80 % of capacity`,
    xTitle: 'calls a second, arriving at random',
    yTitle: 'p99 in ms',
    xScale: 'logarithmic',
    yScale: 'logarithmic',
    series,
  }
  return { name: `${workload.name}-latency`, chart }
}

// The workloads are named after how many keys are hot.
function contentionChart(result: WorkloadsResult): NamedChart | undefined {
  const sweep = result.workloads.filter(({ name }) => name.startsWith('calvin-'))
  if (sweep.length < 2) return undefined
  const series = seriesOf(result, (name) =>
    sweep.flatMap(({ name: workload, levels: [level] }) => {
      const hot = Number(workload.slice('calvin-'.length))
      const rate = level && figureOf(level, name, ({ callsPerSecond }) => callsPerSecond)
      return rate === undefined ? [] : [[1 / hot, rate.median] as const]
    }),
  )
  const chart: LineChart = {
    title: "Calvin's microbenchmark: throughput against contention",
    xTitle: 'contention index: 1 / number of hot keys',
    yTitle: 'transactions a second',
    xScale: 'logarithmic',
    yScale: 'logarithmic',
    series,
  }
  return { name: 'contention', chart }
}

function seriesOf(
  { systems }: WorkloadsResult,
  pointsOf: (name: SystemName) => readonly (readonly [number, number])[],
): readonly Series[] {
  return systems
    .map(({ name, title }) => ({ name: title, points: pointsOf(name) }))
    .filter(({ points }) => points.length > 0)
}
