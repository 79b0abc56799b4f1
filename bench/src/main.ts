// `npm run bench`: runs the suites that the command line names, and prints one report. Ends with 1 when anything was
// answered wrongly, with 2 when the command line makes no sense; a goal that is missed is only said.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describeMachine, machineLines, type Machine } from './machine.ts'
import { UsageError, readOptions, usage, type BenchOptions, type SuiteName } from './options.ts'
import type { Suite, SuiteContext } from './suite.ts'
import { clusterSuite } from './suites/cluster.ts'
import { embeddedSuite } from './suites/embedded.ts'
import { kvSuite } from './suites/kv.ts'
import { memorySuite } from './suites/memory.ts'
import { recoverySuite } from './suites/recovery.ts'
import { stateSuite } from './suites/state.ts'
import { workloadsSuite } from './suites/workloads.ts'
import { CheckFailed } from './workloads/workload.ts'

const suites: Readonly<Record<SuiteName, Suite>> = {
  embedded: embeddedSuite,
  cluster: clusterSuite,
  workloads: workloadsSuite,
  kv: kvSuite,
  memory: memorySuite,
  recovery: recoverySuite,
  state: stateSuite,
}

const print = (line = ''): void => console.log(line)

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options === undefined) print(usage)
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
  const results: Partial<Record<SuiteName, unknown>> = {}
  for (const name of options.suites) {
    print()
    results[name] = await runSuite(suites[name], options)
  }
  if (options.json !== undefined) await writeResults(options.json, machine, options, results)
}

async function runSuite(suite: Suite, options: BenchOptions): Promise<unknown> {
  const directory = await mkdtemp(join(resolve(options.directory), 'streamy-bench-'))
  try {
    const context: SuiteContext = { options, directory, print, progress: showProgress }
    return await suite(context)
  } finally {
    showProgress('')
    await rm(directory, { recursive: true, force: true })
  }
}

/** One line that is written over; nothing when the output goes to a file. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

async function writeResults(
  file: string,
  machine: Machine,
  options: BenchOptions,
  results: Partial<Record<SuiteName, unknown>>,
): Promise<void> {
  await writeFile(file, `${JSON.stringify({ machine, options, results }, undefined, 2)}\n`)
  print(`\nAll figures of all rounds are in ${file}.`)
}
