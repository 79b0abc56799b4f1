// The embedded suite: ids and transfers in closed loops, each reply after the flush, beside the floor for the same calls.
// Every workload has a database, or a floor, in a process of its own. Rounds are interleaved (floor, engine, floor, engine),
// because disks and neighbours change by the minute, and a ratio is taken within a round before the median is. At the end
// every workload is checked against what is stored.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ContestantProcess } from '../contestant-process.ts'
import { embeddedGoals } from '../goals.ts'
import type { BenchOptions } from '../options.ts'
import type { SpecName } from '../spec-names.ts'
import type { SuiteContext } from '../suite.ts'
import type { ContestantName } from '../systems/system-names.ts'
import type { WorkloadName } from '../workload-names.ts'
import type { CheckResult } from '../workloads/workload.ts'
import { levelLines, type Level, type Round, type RoundMeasurement } from './level-report.ts'

/** A workload in its process. */
interface Side {
  readonly title: string
  readonly contestant: ContestantProcess
}

type Sides = ReadonlyMap<WorkloadName, Side>

const WARM_UP_CALLERS = 1024
const parts: Readonly<Record<WorkloadName, readonly [ContestantName, SpecName]>> = {
  'floor-ids': ['floor', 'ids'],
  ids: ['embedded', 'ids'],
  hot: ['embedded', 'hot'],
  'floor-transfers': ['floor', 'transfers'],
  transfers: ['embedded', 'transfers'],
  zipf: ['embedded', 'zipf'],
  segments: ['segments', 'ids'],
}

/** See the header. */
export async function embeddedSuite(context: SuiteContext): Promise<unknown> {
  const { options, print } = context
  for (const line of headingLines(options)) print(line)
  const sides = new Map<WorkloadName, Side>()
  try {
    for (const name of options.workloads) sides.set(name, await openSide(name, context))
    const titles = new Map([...sides].map(([name, { title }]) => [name, title]))
    await warmUp(sides, context)
    const levels: Level[] = []
    for (const callers of options.callers) {
      const level = await measureLevel(sides, callers, context)
      levels.push(level)
      print()
      for (const line of levelLines(level, titles, embeddedGoals)) print(line)
    }
    if (options.profile) await profileAll(sides, context)
    return { levels, checks: await checkAll(sides, context) }
  } finally {
    for (const { contestant } of sides.values()) await contestant.close()
  }
}

/** What is measured, and what durable means on either side. */
function headingLines({ rounds, seconds }: BenchOptions): readonly string[] {
  return [
    'EMBEDDED  closed loops; every reply after the flush that covers its call; each line is a process of its own',
    'durability  Streamy: each group of calls is written through to the disk (O_DSYNC; elsewhere than on Linux',
    '            fdatasync) into checksummed segments, then executed, then answered',
    '            floor: LMDB commits each group in full: pages, fdatasync, then the meta page by O_DSYNC; then it is',
    '            answered. It packs the same calls with msgpackr and executes nothing',
    `rounds      ${rounds} of ${seconds} s a figure, interleaved; medians, with extremes in brackets`,
  ]
}

async function openSide(workload: WorkloadName, { directory, progress }: SuiteContext): Promise<Side> {
  progress(`opening ${workload}`)
  const [name, spec] = parts[workload]
  const own = join(directory, workload)
  await mkdir(own)
  const contestant = await ContestantProcess.start({ name, directory: own })
  const { title } = await contestant.open(spec)
  return { title, contestant }
}

async function warmUp(sides: Sides, { options, progress }: SuiteContext): Promise<void> {
  progress('warming up')
  for (const { contestant } of sides.values())
    await contestant.measure({ callers: WARM_UP_CALLERS, seconds: 2 * options.seconds })
}

async function measureLevel(sides: Sides, callers: number, { options, progress }: SuiteContext): Promise<Level> {
  const rounds: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const measured: Partial<Record<WorkloadName, RoundMeasurement>> = {}
    for (const [name, { title, contestant }] of sides) {
      progress(`${callers} callers, round ${round} of ${options.rounds}: ${title}`)
      measured[name] = await contestant.measure({ callers, seconds: options.seconds })
    }
    rounds.push(measured)
  }
  progress('')
  return { callers, rounds }
}

async function profileAll(sides: Sides, { options, print, progress }: SuiteContext): Promise<void> {
  const load = { callers: options.callers.at(-1)!, seconds: options.seconds }
  for (const { title, contestant } of sides.values()) {
    progress(`profiling ${title}`)
    const lines = await contestant.profile(load)
    progress('')
    for (const line of ['', title, ...lines]) print(line)
  }
}

async function checkAll(
  sides: Sides,
  { print, progress }: SuiteContext,
): Promise<Partial<Record<WorkloadName, CheckResult>>> {
  const checks: Partial<Record<WorkloadName, CheckResult>> = {}
  print()
  for (const [name, { title, contestant }] of sides) {
    progress(`checking ${title}`)
    const check = await contestant.check()
    progress('')
    checks[name] = check
    print(`checked  ${title}: ${check.summary}`)
  }
  return checks
}
