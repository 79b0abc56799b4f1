// The report of the workloads suite in plain text: one table for each workload and number of callers, and what was wanted.

import type { ContestantProcess } from '../contestant-process.ts'
import { skewVerdict, workloadVerdicts } from '../goals-beside-peers.ts'
import type { BenchOptions } from '../options.ts'
import { streamyNames, type SystemName } from '../systems/system-names.ts'
import { precise, tableLines, whole, withExtremes } from '../table.ts'
import { figureOf, ratioOf, type Reason, type WorkloadLevel, type WorkloadResult } from './workloads-result.ts'

type Contestant = Pick<ContestantProcess<SystemName>, 'name' | 'title' | 'durability'>

/** The head: which systems there are, and what their answers mean for the disk. */
export function systemLines(
  contestants: readonly Contestant[],
  unavailable: readonly Reason[],
  { rounds, seconds }: BenchOptions,
): readonly string[] {
  const width = Math.max(...contestants.map(({ title }) => title.length))
  return [
    'WORKLOADS  closed loops; all systems on this machine, each called from a process of its own',
    ...contestants.map(({ title, durability }) => `${title.padEnd(width)}  ${durability}`),
    ...unavailable.map(({ name, reason }) => `${name.padEnd(width)}  NOT MEASURED: ${reason}`),
    'CPU µs, bytes  processor time of client and servers, and bytes that went to the disk meanwhile, for each call',
    `rounds         ${rounds} of ${seconds} s a figure, interleaved; medians, with extremes in brackets`,
  ]
}

/** All tables of one workload. */
export function workloadLines(
  result: WorkloadResult,
  contestants: readonly Contestant[],
  before: readonly WorkloadResult[],
): readonly string[] {
  const reasons = (list: readonly Reason[], what: string): readonly string[] =>
    list.map(({ name, reason }) => `${what}  ${titleOf(name, contestants)}: ${reason}`)
  return [
    '',
    `${result.title.toUpperCase()}  ${result.parameters}`,
    ...result.levels.flatMap((level) => ['', ...levelLines(result, level, contestants)]),
    ...skewLines(result, before),
    ...latencyLines(result, contestants),
    ...cpuFloorLines(result),
    ...result.profiles.flatMap(({ name, lines }) => ['', titleOf(name, contestants), ...lines]),
    ...reasons(result.caveats, 'caveat  '),
    ...reasons(result.unsupported, 'without '),
    ...Object.entries(result.checks).map(
      // The keys of the record are names.
      ([name, { summary }]) => `checked   ${titleOf(name as SystemName, contestants)}: ${summary}`,
    ),
  ]
}

function levelLines(
  result: WorkloadResult,
  level: WorkloadLevel,
  contestants: readonly Contestant[],
): readonly string[] {
  const title = level.callers === 1 ? '1 caller' : `${whole(level.callers)} callers`
  const header = [
    title,
    'calls/s',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'CPU µs',
    'bytes',
    'embedded is',
    'cluster is',
    'gave up',
  ]
  const rows = contestants.flatMap(({ name, title: system }) => {
    const rate = figureOf(level, name, ({ callsPerSecond }) => callsPerSecond)
    if (rate === undefined) return []
    const median = (of: Parameters<typeof figureOf>[2]): number => figureOf(level, name, of)?.median ?? Number.NaN
    const times = streamyNames.map((mine) => {
      const ratio = mine === name ? undefined : ratioOf(level, mine, name, ({ callsPerSecond }) => callsPerSecond)
      return ratio === undefined ? '' : `${withExtremes(ratio, precise)} ×`
    })
    const gaveUp = median((figures) => figures.gaveUp)
    return [
      [
        system,
        withExtremes(rate, whole),
        precise(median(({ p50Ms }) => p50Ms)),
        precise(median(({ p99Ms }) => p99Ms)),
        precise(median(({ p999Ms }) => p999Ms)),
        precise(median(({ cpuUsPerCall }) => cpuUsPerCall)),
        bytes(median(({ bytesPerCall }) => bytesPerCall)),
        ...times,
        gaveUp === 0 ? '' : whole(gaveUp),
      ],
    ]
  })
  return [...tableLines(header, rows), ...workloadVerdicts(result.name, level)]
}

function skewLines(result: WorkloadResult, before: readonly WorkloadResult[]): readonly string[] {
  const verdict = result.name === 'zipf' ? skewVerdict([...before, result]) : undefined
  return verdict === undefined ? [] : [`goal      ${verdict.text}`]
}

function latencyLines({ latencies }: WorkloadResult, contestants: readonly Contestant[]): readonly string[] {
  if (latencies.length === 0) return []
  const header = ['open loop', 'of capacity', 'calls/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'late']
  const rows = latencies.map(({ name, share, callsPerSecond, p50Ms, p99Ms, p999Ms, unanswered }) => [
    titleOf(name, contestants),
    `${100 * share} %`,
    whole(callsPerSecond),
    precise(p50Ms),
    precise(p99Ms),
    precise(p999Ms),
    unanswered === 0 ? '' : whole(unanswered),
  ])
  return ['', ...tableLines(header, rows)]
}

/** `msgpackr packs a call in 0.2 µs …; with them 0.05 of the processor time of Streamy, embedded`. */
export function cpuFloorLines({ cpuFloors, levels }: WorkloadResult): readonly string[] {
  const level = levels.at(-1)
  if (cpuFloors === undefined || level === undefined) return []
  const { packUs, unpackUs, handlerUs } = cpuFloors
  const own = figureOf(level, 'embedded', ({ cpuUsPerCall }) => cpuUsPerCall)
  const share =
    own === undefined
      ? ''
      : `; together ${precise((packUs + unpackUs + handlerUs) / own.median)} of what Streamy, embedded, takes`
  return [
    `floor     processor time of a call: msgpackr packs it in ${precise(packUs)} µs and unpacks it in ${precise(unpackUs)} µs, the bare handler takes ${precise(handlerUs)} µs${share}`,
  ]
}

function bytes(value: number): string {
  return Number.isNaN(value) ? '–' : whole(value)
}

function titleOf(name: SystemName, contestants: readonly Contestant[]): string {
  return contestants.find((contestant) => contestant.name === name)?.title ?? name
}
