// What the kv suite measures, in a process of its own: keys are inserted, overwritten, counted, read and scanned in an
// embedded database. What is read is checked as it comes; a scan must give every key once, in order.
//
// Behind the inserts the database is closed and opened again, and every key is read once: what was written last is then in the
// store, and in the cache is what it holds. Without that, whoever measures after the inserts measures the flush of them as well.

import { join } from 'node:path'
import { IndexNode } from '@streamy-db/kv'
import { type Database, type Kv, open } from 'streamy-db'
import { type Callable, type Load, measureWarm, timeCalls } from '../closed-loop.ts'
import { serveTask } from '../isolated.ts'
import { seededRandom } from '../seeded-random.ts'
import { CheckFailed } from '../workloads/workload.ts'

/** In which order keys are inserted. */
export type KeyOrder = 'ascending' | 'random'

/** How many, and for how long. */
export interface KvInput {
  readonly directory: string
  readonly order: KeyOrder
  readonly keys: number
  readonly callers: number
  /** Of each step whose time is fixed. */
  readonly seconds: number
}

/** What came of it. */
export interface KvOutput {
  readonly order: KeyOrder
  readonly insertsPerSecond: number
  readonly overwritesPerSecond: number
  readonly sumsPerSecond: number
  readonly readsPerSecond: number
  readonly scannedPerSecond: number
  readonly scannedBackPerSecond: number
  /** Processor time of the whole process for one operation: what a busy machine changes least. */
  readonly cpuUs: { readonly insert: number; readonly overwrite: number; readonly read: number }
  readonly rssMiB: number
  readonly leaves: number
  /** Share of their places that the leaves use. */
  readonly fill: number
}

const SPACE = 'bench'
const LEAF_PLACES = 256
const WARM_UP_CALLS = 100_000

serveTask(measureKv)

async function measureKv({ directory, order, keys, callers, seconds }: KvInput): Promise<KvOutput> {
  const path = join(directory, order)
  const inserts = await withKv(path, ({ kv }) => insertAll(new Inserts(kv, keys, order), callers, keys))
  const rest = await withKv(path, ({ db, kv }) => measureFilled(db, kv, keys, { callers, seconds }))
  const { cpuUs, ...figures } = rest
  return { order, insertsPerSecond: inserts.perSecond, ...figures, cpuUs: { insert: inserts.cpuUs, ...cpuUs } }
}

async function withKv<Result>(
  path: string,
  use: (opened: { readonly db: Database; readonly kv: BenchKv }) => Promise<Result>,
): Promise<Result> {
  const db = await open(path, { actors: [] })
  const result = await use({ db, kv: db.kv<number, [string, number]>(SPACE) })
  await db.close()
  return result
}

async function insertAll(
  inserts: Inserts,
  callers: number,
  keys: number,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  const before = process.cpuUsage()
  const seconds = await timeCalls(inserts, callers, keys)
  const { user, system } = process.cpuUsage(before)
  return { perSecond: keys / seconds, cpuUs: (user + system) / keys }
}

type FilledOutput = Omit<KvOutput, 'order' | 'insertsPerSecond' | 'cpuUs'> & {
  readonly cpuUs: Omit<KvOutput['cpuUs'], 'insert'>
}

async function measureFilled(db: Database, kv: BenchKv, keys: number, load: Load): Promise<FilledOutput> {
  await timeCalls(new EachRead(kv, keys), load.callers, keys)
  const reads = await measureWarm(new Reads(kv, keys), load, WARM_UP_CALLS)
  const overwrites = await measureWarm(new Overwrites(kv, keys), load, WARM_UP_CALLS)
  const sums = await measureWarm(new Sums(kv, keys), load, WARM_UP_CALLS)
  const scanSeconds = await scan(kv, keys, false)
  const backSeconds = await scan(kv, keys, true)
  const rssMiB = process.memoryUsage.rss() / 2 ** 20
  const leaves = await countLeaves(db)
  return {
    overwritesPerSecond: overwrites.callsPerSecond,
    sumsPerSecond: sums.callsPerSecond,
    readsPerSecond: reads.callsPerSecond,
    scannedPerSecond: keys / scanSeconds,
    scannedBackPerSecond: keys / backSeconds,
    cpuUs: { overwrite: overwrites.cpuUsPerCall, read: reads.cpuUsPerCall },
    rssMiB,
    leaves,
    fill: keys / leaves / LEAF_PLACES,
  }
}

type BenchKv = Kv<number, [string, number]>

// Keys at random, each as likely as another.
abstract class RandomKeys implements Callable {
  readonly kv: BenchKv
  readonly #keys: number
  readonly #random = seededRandom(1)

  constructor(kv: BenchKv, keys: number) {
    this.kv = kv
    this.#keys = keys
  }

  pick(): number {
    return Math.floor(this.#random() * this.#keys)
  }

  abstract call(pick: number): Promise<unknown>

  accept(_pick: number, _reply: unknown): void {
    // A write that fails rejects.
  }
}

class Overwrites extends RandomKeys {
  call(pick: number): Promise<unknown> {
    return this.kv.set(['user', pick], pick)
  }
}

class Sums extends RandomKeys {
  call(pick: number): Promise<unknown> {
    return this.kv.sum(['user', pick], 1)
  }
}

class Reads extends RandomKeys {
  call(pick: number): Promise<unknown> {
    return this.kv.get(['user', pick])
  }

  override accept(pick: number, reply: unknown): void {
    const { value } = reply as { readonly value: unknown }
    if (value !== pick) throw new CheckFailed('kv', `key ${pick} holds ${String(value)}`)
  }
}

// Every key once.
class EachRead extends Reads {
  #next = 0

  override pick(): number {
    return this.#next++
  }
}

// Every key once, in an order.
class Inserts implements Callable {
  readonly #kv: BenchKv
  readonly #order: readonly number[]
  #next = 0

  constructor(kv: BenchKv, keys: number, order: KeyOrder) {
    this.#kv = kv
    const ascending = Array.from({ length: keys }, (_, key) => key)
    this.#order = order === 'ascending' ? ascending : shuffled(ascending)
  }

  pick(): number {
    return this.#order[this.#next++]!
  }

  call(pick: number): Promise<unknown> {
    return this.#kv.set(['user', pick], pick)
  }

  accept(): void {
    // A write that fails rejects.
  }
}

function shuffled(keys: number[]): readonly number[] {
  const random = seededRandom(2)
  for (let last = keys.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[keys[last], keys[other]] = [keys[other]!, keys[last]!]
  }
  return keys
}

async function scan(kv: BenchKv, keys: number, reverse: boolean): Promise<number> {
  const started = performance.now()
  let expected = reverse ? keys - 1 : 0
  for await (const { key } of kv.list({ prefix: ['user'] }, { reverse })) {
    if (key[1] !== expected) throw new CheckFailed('kv', `a scan gave key ${key[1]} in place of ${expected}`)
    expected += reverse ? -1 : 1
  }
  if (expected !== (reverse ? -1 : keys)) throw new CheckFailed('kv', `a scan ended before key ${expected}`)
  return (performance.now() - started) / 1000
}

// Follows the leaves from fence to fence. A root that is still a leaf has no other.
async function countLeaves(db: Database): Promise<number> {
  const tree = `kv.${SPACE}`
  if ((await db.actor(IndexNode, `${tree}/`).inner()) === undefined) return 1
  let leaves = 0
  for (let low: string | undefined = ''; low !== undefined; leaves++)
    low = (await db.actor(IndexNode, `${tree}/0/${low}`).page('', undefined, 1, false)).high
  return leaves
}
