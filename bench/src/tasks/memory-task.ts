// What the memory suite measures, in a process of its own: memory and speed, step by step, while actors are made, and then
// while messages go to any of them at random; in between to a few, for comparison.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { idPlan, spreadingIdPlan } from '../call-plan.ts'
import { measure, timeCalls } from '../closed-loop.ts'
import { serveTask } from '../isolated.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import { GetNextId } from '../workloads/get-next-id.ts'

/** How many, and for how long. */
export interface MemoryInput {
  readonly directory: string
  readonly actors: number
  readonly cacheBytesMax: number
  readonly callers: number
  /** Of each step. */
  readonly seconds: number
}

/** The end of one step. */
export interface MemorySample {
  readonly phase: 'making actors' | 'random messages'
  readonly callsPerSecond: number
  /** Of messages to a few actors, measured right after; undefined while actors are made. */
  readonly fewPerSecond: number | undefined
  /** Actors there so far. */
  readonly actors: number
  /** Resident memory that belongs to the process alone. */
  readonly ownMiB: number
  /** Resident pages of files, which the system takes back when it needs them: LMDB's map of the state. */
  readonly mappedMiB: number
}

/** What came of it. */
export interface MemoryOutput {
  readonly samples: readonly MemorySample[]
  readonly summary: string
}

const FEW = 1000
const STEPS = 10

serveTask(measureMemory)

async function measureMemory(input: MemoryInput): Promise<MemoryOutput> {
  const { directory, actors, cacheBytesMax, callers, seconds } = input
  const database = await open(join(directory, 'database'), { actors: [Sequence], cacheBytesMax })
  const counters = new StreamyCounters(database)
  const few = new GetNextId(counters, 'few actors', idPlan('few-', FEW))
  const many = new GetNextId(counters, 'many actors', spreadingIdPlan('actor-', actors))
  const samples: MemorySample[] = []
  const load = { callers, seconds }
  await measure(few, load)
  for (let step = 1; step <= STEPS; step++) {
    const made = Math.floor((actors * step) / STEPS)
    const count = made - Math.floor((actors * (step - 1)) / STEPS)
    const callsPerSecond = count / (await timeCalls(many, callers, count))
    samples.push({ phase: 'making actors', callsPerSecond, fewPerSecond: undefined, actors: made, ...residentMemory() })
  }
  for (let step = 1; step <= STEPS; step++) {
    const { callsPerSecond } = await measure(many, load)
    const memory = residentMemory()
    const { callsPerSecond: fewPerSecond } = await measure(few, load)
    samples.push({ phase: 'random messages', callsPerSecond, fewPerSecond, actors, ...memory })
  }
  const checks = [await few.check(), await many.check()]
  await database.close()
  return { samples, summary: checks.map((check) => check.summary).join('; ') }
}

/** Where the system does not tell the two apart, all of it counts as the process's own. */
function residentMemory(): { readonly ownMiB: number; readonly mappedMiB: number } {
  const total = process.memoryUsage.rss() / 2 ** 20
  if (process.platform !== 'linux') return { ownMiB: total, mappedMiB: 0 }
  const mappedKiB = /^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
  const mappedMiB = Number(mappedKiB ?? 0) / 1024
  return { ownMiB: total - mappedMiB, mappedMiB }
}
