// Goal: the benchmarks run and what they measure is right. Method: the embedded suite, very small, as a process
// of its own; what it compared at the end is looked at here once more, and times never. Runs what is built, so build
// first; `npm test` does.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Results {
  readonly embedded: {
    readonly levels: readonly {
      readonly callers: number
      readonly rounds: readonly Readonly<Record<string, object>>[]
    }[]
    readonly checks: Readonly<
      Record<string, { readonly calls: number; readonly found: number; readonly expected: number }>
    >
  }
}

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bench', 'dist', 'main.js')
const workloads = ['floor-ids', 'ids', 'hot', 'floor-transfers', 'transfers', 'zipf', 'segments']
const small = ['--callers', '1,16', '--rounds', '1', '--seconds', '0.02']
const runTimeoutMs = 60_000

let directory = ''
let results: Results

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'streamy-bench-test-'))
  const json = join(directory, 'results.json')
  const files = ['--directory', join(directory, 'databases'), '--json', json]
  execFileSync(process.execPath, [program, 'embedded', ...small, ...files], { encoding: 'utf8' })
  // The program's own report.
  results = (JSON.parse(readFileSync(json, 'utf8')) as { readonly results: Results }).results
}, runTimeoutMs)

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

test('every workload is measured at every number of callers', () => {
  const { levels } = results.embedded
  expect(levels.map(({ callers }) => callers)).toEqual([1, 16])
  for (const { rounds } of levels) expect(rounds.map((round) => Object.keys(round))).toEqual([workloads])
})

test('every workload made calls, and what is stored afterwards is what was answered', () => {
  const { checks } = results.embedded
  expect(Object.keys(checks)).toEqual(workloads)
  for (const { calls, found, expected } of Object.values(checks)) {
    expect(calls).toBeGreaterThan(0)
    expect(found).toBe(expected)
  }
})

test('nothing is left behind', () => {
  expect(readdirSync(join(directory, 'databases'))).toEqual([])
})
