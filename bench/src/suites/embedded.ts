// The embedded suite: ids and transfers in closed loops, each reply after the flush, beside the floor for the same calls.
// Rounds are interleaved (floor, engine, floor, engine), because disks and neighbours change by the minute, and a ratio
// is taken within a round before the median is. At the end every workload is checked against what is stored.

import { join } from 'node:path'
import { open, type Database } from 'streamy-db'
import { Account, InsufficientFunds, Sequence } from '../actors.ts'
import { idPlan, transferPlan } from '../call-plan.ts'
import { measure, type Measurement } from '../closed-loop.ts'
import type { BareLog } from '../floor.ts'
import { embeddedGoals } from '../goals.ts'
import { LmdbLog } from '../lmdb-log.ts'
import { openSegmentLog } from '../segment-log.ts'
import type { BenchOptions } from '../options.ts'
import type { SuiteContext } from '../suite.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import type { WorkloadName } from '../workload-names.ts'
import { FloorCalls } from '../workloads/floor-calls.ts'
import { GetNextId } from '../workloads/get-next-id.ts'
import { openTransfers } from '../workloads/open-transfers.ts'
import type { CheckResult, Workload } from '../workloads/workload.ts'
import { levelLines, type Level, type Round } from './level-report.ts'

const SEQUENCES = 1000
const ACCOUNTS = 10_000
const ZIPF_EXPONENT = 1.5
const WARM_UP_CALLERS = 1024

interface Sides {
  readonly database: Database
  readonly logs: readonly BareLog[]
  readonly workloads: Readonly<Record<WorkloadName, Workload>>
}

type Chosen = ReadonlyMap<WorkloadName, Workload>

/** See the header. */
export async function embeddedSuite(context: SuiteContext): Promise<unknown> {
  const { options, print, progress } = context
  for (const line of headingLines(options)) print(line)
  progress('opening')
  const sides = await openSides(context.directory)
  try {
    const chosen: Chosen = new Map(options.workloads.map((name) => [name, sides.workloads[name]]))
    const titles = new Map([...chosen].map(([name, { title }]) => [name, title]))
    await warmUp(chosen, context)
    const levels: Level[] = []
    for (const callers of options.callers) {
      const level = await measureLevel(chosen, callers, context)
      levels.push(level)
      print()
      for (const line of levelLines(level, titles, embeddedGoals)) print(line)
    }
    return { levels, checks: await checkAll(chosen, context) }
  } finally {
    await sides.database.close()
    for (const log of sides.logs) await log.close()
  }
}

/** What is measured, and what durable means on either side. */
function headingLines({ rounds, seconds }: BenchOptions): readonly string[] {
  return [
    'EMBEDDED  closed loops; every reply after the flush that covers its call',
    'durability  Streamy: each group of calls is written through to the disk (O_DSYNC; elsewhere than on Linux',
    '            fdatasync) into checksummed segments, then executed, then answered',
    '            floor: LMDB commits each group in full: pages, fdatasync, then the meta page by O_DSYNC; then it is',
    '            answered. It packs the same calls with msgpackr and executes nothing',
    `rounds      ${rounds} of ${seconds} s a figure, interleaved; medians, with extremes in brackets`,
  ]
}

async function openSides(directory: string): Promise<Sides> {
  const ids = idPlan('sequence-', SEQUENCES)
  const hot = idPlan('hot-', 1)
  const uniform = transferPlan('account-', ACCOUNTS, 0)
  const skewed = transferPlan('skewed-', ACCOUNTS, ZIPF_EXPONENT)
  const idLog = new LmdbLog(join(directory, 'floor-ids.mdb'))
  const transferLog = new LmdbLog(join(directory, 'floor-transfers.mdb'))
  const segments = await openSegmentLog(join(directory, 'segments'))
  const database = await open(join(directory, 'database'), { actors: [Sequence, Account], errors: [InsufficientFunds] })
  const counters = new StreamyCounters(database)
  const workloads = {
    'floor-ids': new FloorCalls(idLog, 'floor: getNextId', ids),
    ids: new GetNextId(counters, `getNextId, ${SEQUENCES} actors`, ids),
    hot: new GetNextId(counters, 'getNextId, one actor', hot),
    'floor-transfers': new FloorCalls(transferLog, 'floor: transfers', uniform),
    transfers: await openTransfers(database, 'transfers, uniform', uniform),
    zipf: await openTransfers(database, `transfers, Zipf ${ZIPF_EXPONENT}`, skewed),
    segments: new FloorCalls(segments, 'segments: getNextId', ids),
  }
  return { database, logs: [idLog, transferLog, segments], workloads }
}

async function warmUp(chosen: Chosen, { options, progress }: SuiteContext): Promise<void> {
  progress('warming up')
  for (const workload of chosen.values()) {
    await measure(workload, { callers: WARM_UP_CALLERS, seconds: 2 * options.seconds })
  }
}

async function measureLevel(chosen: Chosen, callers: number, { options, progress }: SuiteContext): Promise<Level> {
  const rounds: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const measured: Partial<Record<WorkloadName, Measurement>> = {}
    for (const [name, workload] of chosen) {
      progress(`${callers} callers, round ${round} of ${options.rounds}: ${workload.title}`)
      measured[name] = await measure(workload, { callers, seconds: options.seconds })
    }
    rounds.push(measured)
  }
  progress('')
  return { callers, rounds }
}

async function checkAll(
  chosen: Chosen,
  { print, progress }: SuiteContext,
): Promise<Partial<Record<WorkloadName, CheckResult>>> {
  const checks: Partial<Record<WorkloadName, CheckResult>> = {}
  print()
  for (const [name, workload] of chosen) {
    progress(`checking ${workload.title}`)
    const check = await workload.check()
    progress('')
    checks[name] = check
    print(`checked  ${workload.title}: ${check.summary}`)
  }
  return checks
}
