// Goal: the workloads suite runs on Streamy in both forms and on the floors, what it measures is right, and its report is made of
// that. Method: the suite, very small and without peers, as a process of its own; times are never looked at. Runs what is built.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Results {
  readonly workloads: {
    readonly unavailable: readonly object[]
    readonly workloads: readonly {
      readonly name: string
      readonly levels: readonly { readonly rounds: readonly Readonly<Record<string, object>>[] }[]
      readonly checks: Readonly<
        Record<string, { readonly calls: number; readonly found: number; readonly expected: number }>
      >
    }[]
  }
}

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bench', 'dist', 'main.js')
const small = ['--callers', '2,16', '--rounds', '1', '--seconds', '0.02']
const streamy = ['embedded', 'cluster']
const all = ['floor', 'cluster-floor', ...streamy]
const expectedSystems: Readonly<Record<string, readonly string[]>> = { ids: all, tpcc: streamy }
const runTimeoutMs = 300_000

let directory = ''
let report = ''
let results: Results

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'streamy-bench-test-'))
  const json = join(directory, 'results.json')
  report = join(directory, 'report', 'performance.md')
  const files = ['--directory', join(directory, 'databases'), '--json', json, '--report', report]
  const workloads = ['--workloads', Object.keys(expectedSystems).join(',')]
  execFileSync(process.execPath, [program, 'workloads', ...workloads, ...small, ...files], { encoding: 'utf8' })
  // The program's own report.
  results = (JSON.parse(readFileSync(json, 'utf8')) as { readonly results: Results }).results
}, runTimeoutMs)

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

test('every system is measured at every number of callers', () => {
  const { unavailable, workloads } = results.workloads
  expect(unavailable).toEqual([])
  expect(workloads.map(({ name }) => name)).toEqual(Object.keys(expectedSystems))
  for (const { name, levels } of workloads)
    expect(levels.map(({ rounds }) => rounds.map((round) => Object.keys(round)))).toEqual([
      [expectedSystems[name]],
      [expectedSystems[name]],
    ])
})

test('every system made calls, and what is stored afterwards is what was answered', () => {
  for (const { name, checks } of results.workloads.workloads) {
    expect(Object.keys(checks)).toEqual(expectedSystems[name])
    for (const { calls, found, expected } of Object.values(checks)) {
      expect(calls).toBeGreaterThan(0)
      expect(found).toBe(expected)
    }
  }
})

test('the report shows every workload, and its pictures are there', () => {
  const text = readFileSync(report, 'utf8')
  const pictures = [...text.matchAll(/\]\(([^)]*\.svg)\)/g)].map(([, path = '']) => path)
  expect(pictures).toContain('performance/ids-throughput.svg')
  for (const path of pictures) expect(existsSync(join(dirname(report), path))).toBe(true)
  for (const title of ['getNextId', 'TPC-C NewOrder and Payment']) expect(text).toContain(`### ${title}\n`)
})

test('nothing is left behind', () => {
  expect(readdirSync(join(directory, 'databases'))).toEqual([])
})
