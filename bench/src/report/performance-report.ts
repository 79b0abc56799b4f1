// The report that people read, in Markdown with pictures: what the workloads suite has found in one run, on which machine, with
// which versions, and what it does not say. Made of nothing but the results, so that it can be made again from a file of them.

import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { peerGoals, skewVerdict, verdictOn, type Verdict } from '../goals-beside-peers.ts'
import type { Machine } from '../machine.ts'
import { streamyNames, type SystemName } from '../systems/system-names.ts'
import { precise, whole, withExtremes } from '../table.ts'
import {
  figureOf,
  ratioOf,
  type ProfileResult,
  type Reason,
  type WorkloadLevel,
  type WorkloadResult,
  type WorkloadsResult,
} from '../suites/workloads-result.ts'
import { cpuFloorLines } from '../suites/workloads-report.ts'
import { chartsOf, type NamedChart } from './report-charts.ts'
import { lineChartSvg } from './line-chart.ts'

/** How the figures were made. */
export interface ReportOptions {
  readonly seconds: number
  readonly rounds: number
  readonly command: string
}

// The head, and the functions with the most.
const PROFILE_LINES = 18

const notMeasured = [
  'Networks and several machines: everything runs on one machine over loopback, and the client shares its processors with the servers.',
  'Replication: every server and every log has one copy.',
  'Long runs: compaction, vacuum, rewriting of append-only files and growth of data over hours.',
  'Recovery, memory and start-up; the suites `recovery`, `memory` and `scale` measure Streamy alone.',
  'Bytes to the disk are those of the whole machine meanwhile; they mean something only where nothing else writes.',
]

/** Writes the report to `file` and its pictures into a folder of the same name beside it. */
export async function writeReport(
  file: string,
  machine: Machine,
  options: ReportOptions,
  result: WorkloadsResult,
): Promise<void> {
  const folder = join(dirname(file), basename(file, extname(file)))
  await mkdir(folder, { recursive: true })
  const charts = chartsOf(result)
  for (const { name, chart } of charts) await writeFile(join(folder, `${name}.svg`), lineChartSvg(chart))
  await writeFile(file, reportText(machine, options, result, charts, basename(folder)))
}

/** The Markdown. */
export function reportText(
  machine: Machine,
  options: ReportOptions,
  result: WorkloadsResult,
  charts: readonly NamedChart[],
  folder: string,
): string {
  const picture = ({ name, chart }: NamedChart): string => `![${chart.title}](${folder}/${name}.svg)`
  const sections = [
    '# Performance',
    introduction(options),
    ...titled('## What was wanted', [goalsTable(result)]),
    ...titled('## Pictures', charts.map(picture)),
    '## The machine',
    machineText(machine),
    '## The systems',
    systemsList(result),
    '## The workloads',
    ...result.workloads.flatMap((workload) => workloadSection(workload, result)),
    '## What is not measured',
    [...notMeasured, ...leftOut(result)].map((line) => `- ${line}`).join('\n'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function leftOut({ leftOut: names }: WorkloadsResult): readonly string[] {
  return names.length === 0 ? [] : [`For want of time in this run: ${names.join(', ')}.`]
}

// No title over nothing.
function titled(title: string, sections: readonly string[]): readonly string[] {
  return sections.every((section) => section === '') ? [] : [title, ...sections]
}

function introduction({ command, rounds, seconds }: ReportOptions): string {
  return [
    `Written by \`${command}\`; not by hand.`,
    `All systems ran in that one run, on one machine, each called from a Node.js process of its own, in interleaved rounds: ${rounds} of ${seconds} s for each`,
    'figure. Figures are medians over the rounds, with extremes in brackets; ratios are taken within a round. Every',
    'workload was checked at its end: totals, counts and contents of what is stored against what was answered.',
  ].join('\n')
}

function goalsTable({ workloads }: WorkloadsResult): string {
  const row = (workload: string, callers: number, { text, met }: Verdict): readonly string[] => [
    workload,
    whole(callers),
    text.replace(/: (met|MISSED)$/, ''),
    met ? 'met' : '**missed**',
  ]
  const rows = peerGoals.flatMap((goal) => {
    const workload = workloads.find(({ name }) => name === goal.workload)
    const level = workload?.levels.find(({ callers }) => callers === goal.callers)
    const verdict = level === undefined ? undefined : verdictOn(goal, level)
    return workload === undefined || verdict === undefined ? [] : [row(workload.title, goal.callers, verdict)]
  })
  const skew = skewVerdict(workloads)
  const all = skew === undefined ? rows : [...rows, row('transfers, Zipf 1.5', 1024, skew)]
  return all.length === 0 ? '' : markdownTable(['workload', 'callers', 'reached', 'verdict'], all)
}

function machineText(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `- ${machine.processors}, ${machine.memoryGiB} GiB, ${machine.system}; load ${precise(machine.load)} before the run`,
    `- files on ${machine.fileSystem}; a write of 4 KiB through to the disk takes ${precise(machine.flushMs)} ms`,
    `- ${versions.join(', ')}`,
  ].join('\n')
}

function systemsList({ systems, unavailable }: WorkloadsResult): string {
  return [
    ...systems.map(({ title, durability }) => `- ${title}: ${durability}`),
    ...unavailable.map(({ name, reason }) => `- ${name}: not measured, because ${firstLine(reason)}`),
  ].join('\n')
}

function workloadSection(workload: WorkloadResult, result: WorkloadsResult): readonly string[] {
  const reasons = (list: readonly Reason[]): string =>
    list.map(({ name, reason }) => `- ${titleOf(name, result)}: ${firstLine(reason)}`).join('\n')
  const checked = Object.keys(workload.checks).length
  return [
    `### ${workload.title}`,
    `${workload.parameters}.`,
    ...workload.levels.map((level) => levelTable(level, result)),
    latencyTable(workload, result),
    ...cpuFloorLines(workload).map((line) => `${line.replace(/^floor +p/, 'P')}.`),
    ...workload.profiles.flatMap((profile) => profileText(profile, result)),
    reasons(workload.caveats),
    reasons(workload.unsupported),
    checked === 0 ? '' : `Checked at the end on ${checked} systems; all totals were right.`,
  ]
}

function levelTable(level: WorkloadLevel, { systems }: WorkloadsResult): string {
  const title = level.callers === 1 ? '1 caller' : `${whole(level.callers)} callers`
  const header = [title, 'calls/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU µs', 'bytes', 'embedded is', 'cluster is']
  const rows = systems.flatMap(({ name, title: system }) => {
    const rate = figureOf(level, name, ({ callsPerSecond }) => callsPerSecond)
    if (rate === undefined) return []
    const median = (of: Parameters<typeof figureOf>[2]): string =>
      precise(figureOf(level, name, of)?.median ?? Number.NaN)
    const times = streamyNames.map((mine) => {
      const ratio = mine === name ? undefined : ratioOf(level, mine, name, ({ callsPerSecond }) => callsPerSecond)
      return ratio === undefined ? '' : `${precise(ratio.median)} ×`
    })
    return [
      [
        system,
        withExtremes(rate, whole),
        median(({ p50Ms }) => p50Ms),
        median(({ p99Ms }) => p99Ms),
        median(({ p999Ms }) => p999Ms),
        median(({ cpuUsPerCall }) => cpuUsPerCall),
        median(({ bytesPerCall }) => bytesPerCall),
        ...times,
      ],
    ]
  })
  return markdownTable(header, rows)
}

function latencyTable({ latencies }: WorkloadResult, result: WorkloadsResult): string {
  if (latencies.length === 0) return ''
  const rows = latencies.map(({ name, share, callsPerSecond, p50Ms, p99Ms, p999Ms }) => [
    titleOf(name, result),
    `${100 * share} %`,
    whole(callsPerSecond),
    precise(p50Ms),
    precise(p99Ms),
    precise(p999Ms),
  ])
  return markdownTable(['open loop', 'of its capacity', 'calls/s', 'p50 ms', 'p99 ms', 'p99.9 ms'], rows)
}

function profileText({ name, callers, lines }: ProfileResult, result: WorkloadsResult): readonly string[] {
  const title = `Where the client's process of ${titleOf(name, result)} spends its time with ${whole(callers)} callers:`
  return [title, ['```text', ...lines.slice(0, PROFILE_LINES), '```'].join('\n')]
}

// Padded as the formatter of this repository pads them, so that a new report needs no formatting.
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = header.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  const line = (row: readonly string[]): string => `| ${row.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const [first = [], ...others] = cells
  return [line(first), line(rule), ...others.map(line)].join('\n')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function titleOf(name: SystemName, { systems }: WorkloadsResult): string {
  return systems.find((system) => system.name === name)?.title ?? name
}
