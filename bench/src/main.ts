// `npm run bench`: runs the suites that the command line names, and prints one report. Ends with 1 when anything was
// answered wrongly, with 2 when the command line makes no sense; a goal that is missed is only said.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describeMachine, machineLines, type Machine } from './machine.ts'
import { UsageError, readOptions, usage, type BenchOptions, type SuiteName } from './options.ts'
import { Profile } from './profile.ts'
import { writeReport } from './report/performance-report.ts'
import type { Suite, SuiteContext } from './suite.ts'
import { clusterSuite } from './suites/cluster.ts'
import { documentsSuite } from './suites/documents.ts'
import { embeddedSuite } from './suites/embedded.ts'
import { httpSuite } from './suites/http.ts'
import { kvSuite } from './suites/kv.ts'
import { memorySuite } from './suites/memory.ts'
import { multiPartitionSuite } from './suites/multi-partition.ts'
import { recoverySuite } from './suites/recovery.ts'
import { scaleSuite } from './suites/scale.ts'
import { stateSuite } from './suites/state.ts'
import { workloadsSuite } from './suites/workloads.ts'
import type { WorkloadsResult } from './suites/workloads-result.ts'
import { CheckFailed } from './workloads/workload.ts'

const suites: Readonly<Record<Exclude<SuiteName, 'workloads'>, Suite>> = {
  embedded: embeddedSuite,
  cluster: clusterSuite,
  'multi-partition': multiPartitionSuite,
  kv: kvSuite,
  documents: documentsSuite,
  http: httpSuite,
  memory: memorySuite,
  scale: scaleSuite,
  recovery: recoverySuite,
  state: stateSuite,
}

/** Suites that measure in the processes of their contestants, and profile those. */
const hasContestants: ReadonlySet<Suite> = new Set([embeddedSuite, workloadsSuite])

/** Of the suites that have run. */
type Results = Partial<Record<SuiteName, unknown>> & { workloads?: WorkloadsResult }

/** A run as it goes into the file of results. */
interface Run {
  readonly machine: Machine
  readonly options: BenchOptions
  readonly command: string
  readonly results: Results
}

const defaultReport = 'docs/performance.md'
const print = (line = ''): void => console.log(line)

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options === undefined) print(usage)
    else if (options.from !== undefined) await report(options.report ?? defaultReport, await readResults(options.from))
    else await runSuites(options)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`)
      return 2
    }
    if (!(error instanceof CheckFailed)) throw error
    console.error(`\nWRONG: ${error.message}. No figure of this run counts.`)
    return 1
  }
}

async function runSuites(options: BenchOptions): Promise<void> {
  await mkdir(options.directory, { recursive: true })
  const machine = await describeMachine(options.directory)
  for (const line of machineLines(machine, options.directory)) print(line)
  const results: Results = {}
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
  for (const name of options.suites) {
    print()
    if (name === 'workloads') results.workloads = await runSuite(workloadsSuite, options)
    else results[name] = await runSuite(suites[name], options)
  }
  if (options.json !== undefined) await writeResults(options.json, { machine, options, command, results })
  if (options.report !== undefined) await report(options.report, { machine, options, command, results })
}

async function runSuite<Result>(
  suite: (context: SuiteContext) => Promise<Result>,
  options: BenchOptions,
): Promise<Result> {
  const directory = await mkdtemp(join(resolve(options.directory), 'streamy-bench-'))
  try {
    const context: SuiteContext = { options, directory, print, progress: showProgress }
    if (!options.profile || hasContestants.has(suite)) return await suite(context)
    const profile = await Profile.start()
    const result = await suite(context)
    for (const line of ['', ...(await profile.stop())]) print(line)
    return result
  } finally {
    showProgress('')
    await rm(directory, { recursive: true, force: true })
  }
}

/** One line that is written over; nothing when the output goes to a file. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

async function writeResults(file: string, run: Run): Promise<void> {
  await writeFile(file, `${JSON.stringify(run, undefined, 2)}\n`)
  print(`\nAll figures of all rounds are in ${file}.`)
}

async function readResults(file: string): Promise<Run> {
  // What `writeResults` has written.
  return JSON.parse(await readFile(file, 'utf8')) as Run
}

async function report(file: string, { machine, options, command, results }: Run): Promise<void> {
  if (results.workloads === undefined)
    throw new UsageError('A report is made of the workloads suite, which has not run. Name it, or give --peers.')
  const { rounds, seconds } = options
  await writeReport(file, machine, { command, rounds, seconds }, results.workloads)
  print(`\nThe report is in ${file}.`)
}
