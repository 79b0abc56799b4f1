// Goal: the report says what was found, and its pictures hold every point. Method: results written by hand.
import { expect, test } from 'vitest'
import type { Machine } from '../machine.ts'
import type { Figures, WorkloadsResult } from '../suites/workloads-result.ts'
import { lineChartSvg } from './line-chart.ts'
import { reportText } from './performance-report.ts'
import { chartsOf } from './report-charts.ts'

const figures = (callsPerSecond: number, p50Ms: number): Figures => ({
  calls: 1,
  callsPerSecond,
  p50Ms,
  p99Ms: 2,
  p999Ms: 3,
  gaveUp: 0,
  cpuUsPerCall: 4,
  bytesPerCall: 5,
})
const open = { callsPerSecond: 50, calls: 1, gaveUp: 0, p50Ms: 1, p99Ms: 2, p999Ms: 3, unanswered: 0 }
const machine: Machine = {
  processors: '2 × processor',
  memoryGiB: 1,
  system: 'linux',
  load: 0,
  versions: { node: '20' },
  fileSystem: 'ext4',
  flushMs: 1,
}

const result: WorkloadsResult = {
  leftOut: ['calvin-1'],
  systems: [
    { name: 'embedded', title: 'Streamy, embedded', durability: 'flushed' },
    { name: 'redis', title: 'Redis <7>', durability: 'flushed too' },
  ],
  unavailable: [{ name: 'etcd', reason: 'not here\nand a stack' }],
  workloads: [
    {
      name: 'ids',
      title: 'getNextId',
      parameters: 'many',
      levels: [
        { callers: 1, rounds: [{ embedded: figures(100, 1), redis: figures(50, 2) }] },
        {
          callers: 1024,
          rounds: [
            { embedded: figures(4000, 1), redis: figures(1000, 2) },
            { embedded: figures(2000, 1), redis: figures(400, 2) },
          ],
        },
      ],
      latencies: [
        { name: 'embedded', share: 0.5, ...open },
        { name: 'redis', share: 0.5, ...open, callsPerSecond: 20 },
      ],
      profiles: [{ name: 'embedded', callers: 1024, lines: ['PROFILE', 'run  engine.js:10  75.0 %'] }],
      checks: { embedded: { calls: 1, found: 1, expected: 1, summary: 'right' } },
      cpuFloors: { packUs: 0.25, unpackUs: 0.5, handlerUs: 0.25 },
      caveats: [],
      unsupported: [{ name: 'redis', reason: 'hung up' }],
    },
  ],
}

test('goals, systems, figures and reasons are all there', () => {
  const text = reportText(machine, { seconds: 1, rounds: 2, command: 'bench' }, result, chartsOf(result), 'performance')
  expect(text).toMatch(/getNextId .*1,024 .*embedded: 4\.50 × redis, goal ≥ 3 .*met/)
  expect(text).toContain('etcd: not measured, because not here')
  expect(text).toContain('Processor time of a call: msgpackr packs it in 0.250 µs')
  expect(text).toContain('together 0.250 of what Streamy')
  expect(text).toContain('For want of time in this run: calvin-1.')
  expect(text).not.toContain('a stack')
  expect(text).toContain('Redis <7>: hung up')
  expect(text).toMatch(/Redis <7> +\| +700 \(400–1,000\)/)
  expect(text).toContain('](performance/ids-throughput.svg)')
  expect(text).toContain('1,024 callers:\n\n```text\nPROFILE\nrun  engine.js:10  75.0 %\n```')
})

test('a chart has every point of every series, and its text is escaped', () => {
  const charts = chartsOf(result)
  expect(charts.map(({ name }) => name)).toEqual(['ids-throughput', 'ids-latency'])
  const svg = lineChartSvg(charts[0]!.chart)
  expect(svg).toContain('Redis &lt;7&gt;')
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) => points.split(' ').length)
  expect(lines).toEqual([2, 2])
  expect(svg).not.toContain('NaN')
})

test('points that an axis cannot show are left out', () => {
  const svg = lineChartSvg({
    title: 't',
    xTitle: 'x',
    yTitle: 'y',
    xScale: 'logarithmic',
    yScale: 'logarithmic',
    series: [
      {
        name: 's',
        points: [
          [1, 0],
          [2, Number.NaN],
          [3, 4],
          [5, 6],
        ],
      },
    ],
  })
  expect(svg).not.toContain('NaN')
  expect(svg.match(/points="([^"]*)"/)?.[1]?.split(' ').length).toBe(2)
})
