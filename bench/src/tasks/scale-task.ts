// What the scale suite measures, in a process of its own that is killed at the end as it stands: opening what the process
// before it left, which is a recovery, then growth, then messages at random.

import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { measure, timeCalls, type Callable } from '../closed-loop.ts'
import { DiskMeter } from '../disk-meter.ts'
import { serveTask } from '../isolated.ts'
import { seededRandom } from '../seeded-random.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import { CheckFailed } from '../workloads/workload.ts'

/** A database, and how far it is to grow. */
export interface ScaleInput {
  readonly directory: string
  /** Actors that there are, each with an id drawn at least. */
  readonly actors: number
  /** Ids drawn so far, from all of them. */
  readonly drawn: number
  /** New actors to draw the first id from, or none. */
  readonly newActors: number
  /** Ids to draw from the actors that there are, or none. */
  readonly newIds: number
  readonly callers: number
  /** How long messages go to actors at random. */
  readonly seconds: number
}

/** The database as it is then. */
export interface ScaleSample {
  readonly actors: number
  readonly drawn: number
  /** What opening took. */
  readonly recoverySeconds: number
  /** How fast it grew. */
  readonly perSecond: number
  readonly randomPerSecond: number
  readonly randomP99Ms: number
  /** Resident memory that is not mapped from files. */
  readonly ownMiB: number
  readonly stateMiB: number
  readonly logMiB: number
  /** That went to the disk for an id, flushes of the state included; undefined where the system does not tell. */
  readonly bytesPerId: number | undefined
}

const MIB = 2 ** 20
const CHECKED_AT_ONCE = 1000
const CHECKED = 20_000
const STATE_FILE = 'state.mdb'

serveTask(grow)

async function grow(input: ScaleInput): Promise<ScaleSample> {
  const { directory, callers, seconds } = input
  const started = performance.now()
  const database = await open(directory, { actors: [Sequence] })
  const recoverySeconds = (performance.now() - started) / 1000
  const counters = new StreamyCounters(database)
  await checkDrawn(counters, input)
  const actors = input.actors + input.newActors
  const disk = new DiskMeter(directory)
  const before = disk.bytesWritten()
  const growth = input.newActors > 0 ? input.newActors : input.newIds
  const growing = input.newActors > 0 ? inTurn(counters, input.actors) : atRandom(counters, actors)
  const perSecond = growth / (await timeCalls(growing, callers, growth))
  const random = await measure(atRandom(counters, actors), { callers, seconds })
  const ids = growth + random.callsInAll
  const after = disk.bytesWritten()
  return {
    actors,
    drawn: input.drawn + ids,
    recoverySeconds,
    perSecond,
    randomPerSecond: random.callsPerSecond,
    randomP99Ms: random.p99Ms,
    ownMiB: ownMiB(),
    ...(await filesOf(directory)),
    bytesPerId: before === undefined || after === undefined ? undefined : (after - before) / ids,
  }
}

// All of few actors, or a share of many.
async function checkDrawn(counters: StreamyCounters, { actors, drawn }: ScaleInput): Promise<void> {
  const step = Math.max(1, Math.floor(actors / CHECKED))
  let found = 0
  for (let start = 0; start < actors; start += step * CHECKED_AT_ONCE) {
    const count = Math.min(CHECKED_AT_ONCE, Math.ceil((actors - start) / step))
    const values = await counters.values(Array.from({ length: count }, (_, index) => keyOf(start + index * step)))
    if (values.some((value) => value === 0)) throw new CheckFailed('scale', 'an actor is gone after the recovery')
    for (const value of values) found += value
  }
  if (step === 1 && found !== drawn)
    throw new CheckFailed('scale', `${found} ids are there after the recovery, of ${drawn} drawn`)
}

function inTurn(counters: StreamyCounters, first: number): Callable {
  let next = first
  return { pick: () => next++, call: (index) => counters.next(keyOf(index)), accept: () => {} }
}

function atRandom(counters: StreamyCounters, actors: number): Callable {
  const random = seededRandom(actors)
  return {
    pick: () => Math.floor(random() * actors),
    call: (index) => counters.next(keyOf(index)),
    accept: () => {},
  }
}

function keyOf(index: number): string {
  return `actor-${index}`
}

function ownMiB(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss() / MIB
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0) / 1024
}

async function filesOf(directory: string): Promise<{ readonly stateMiB: number; readonly logMiB: number }> {
  const names = await readdir(directory, { recursive: true })
  let state = 0
  let log = 0
  for (const name of names) {
    const file = await stat(join(directory, name))
    // What is laid out in advance and was not written to takes no room.
    const size = file.isFile() ? file.blocks * 512 : 0
    if (name.startsWith(STATE_FILE)) state += size
    else log += size
  }
  return { stateMiB: state / MIB, logMiB: log / MIB }
}
