// What the documents suite measures, in a process of its own: documents with three indexes are inserted, read by id, found
// over a range of an index, and changed by a unique key, in an embedded database, some of it among a tenth of them and again
// among all; and an index in which all documents have one value is held against one in which each has its own. What is read is checked as it comes.
//
// Before point operations the database is closed and opened again, and every document is read once: what was written last is
// then in the store, and in the cache is what it holds, among few documents as among all. Without that, whoever measures after
// the load measures the flush of it as well, and whoever has the more documents the more first reads.

import { join } from 'node:path'
import { type Collection, type Database, open } from 'streamy-db'
import { type Callable, type Load, measureWarm, type Measurement, timeCalls } from '../closed-loop.ts'
import { serveTask } from '../isolated.ts'
import { seededRandom } from '../seeded-random.ts'
import { CheckFailed } from '../workloads/workload.ts'

/** How many, and for how long. */
export interface DocumentsInput {
  readonly directory: string
  readonly documents: number
  readonly callers: number
  /** Of each step whose time is fixed. */
  readonly seconds: number
}

/** One step. */
export interface DocumentsFigure {
  readonly step: string
  readonly perSecond: number
  readonly p99Ms: number | undefined
  readonly cpuUs: number
  /** What the process held at the end of it. */
  readonly rssMiB: number
}

/** What came of it. */
export interface DocumentsOutput {
  readonly figures: readonly DocumentsFigure[]
  /** How many documents there were at first, when what is held against all of them was measured. */
  readonly small: number
  /** Processor time of an operation among few documents, for the same among all: 1 where it does not grow. */
  readonly growth: DocumentsGrowth
  /** Processor time of an insert into an index of as many values as documents, for that of one into an index of one value. */
  readonly hotShare: number
}

/** Of the load, its first part for its last. */
export interface DocumentsGrowth {
  readonly reads: number
  readonly updates: number
  readonly inserts: number
  readonly load: number
}

interface User {
  readonly _id: string
  readonly email: string
  readonly org: string
  readonly age: number
  readonly status: string
}

const ORGS = 1000
const PAGE = 10
/** How many times as many documents there are in the end. */
const GROWTH = 10
const LOAD_BATCH = 250
const LOADERS = 8
/** The load is measured in as many parts, so that the first can be held against the last. */
const LOAD_PARTS = 3
const PROGRESS_MS = 5000
const WARM_UP_CALLS = 20_000
const HOT_ROUNDS = 5
/** Inserts are measured for so many rounds: whether a flush falls into a single one is chance. */
const INSERT_ROUNDS = 3
const ROUND_MAX = 20_000

serveTask(measureDocuments)

async function measureDocuments({ directory, documents, callers, seconds }: DocumentsInput): Promise<DocumentsOutput> {
  const path = join(directory, 'documents')
  const small = Math.ceil(documents / GROWTH)
  const round = Math.min(Math.floor(small / (2 + INSERT_ROUNDS)), ROUND_MAX)
  const load = { callers, seconds }
  const first = small - (1 + INSERT_ROUNDS) * round
  await withUsers(path, (users) => insertAll('', new Inserts(users, 0), callers, first))
  const inserts = await withUsers(path, (users) => insertWarm(`insert, up to ${small}`, users, first, callers, round))
  const before = await withUsers(path, (users) => points(users, small, load))
  const loads = await withUsers(path, (users) => loadInBatches(users, small, documents))
  const after = await withUsers(path, (users) => points(users, documents, load))
  const ranges = await withUsers(path, (users) => warmed(new Ranges(users, documents), load))
  // Every document there is has the status that these have.
  const late = await withUsers(path, (users) => insertWarm('insert, among all', users, documents, callers, round))
  const hotShare = await withDatabase(path, (db) => measureHotShare(db, callers, round))
  return {
    small,
    figures: [
      inserts,
      late,
      ...loads,
      figureOf(`read by id, of ${small}`, before.reads),
      figureOf('read by id, of all', after.reads),
      figureOf(`update by unique key, of ${small}`, before.updates),
      figureOf('update by unique key, of all', after.updates),
      figureOf('range, sort, limit 10', ranges),
    ],
    growth: {
      reads: before.reads.cpuUsPerCall / after.reads.cpuUsPerCall,
      updates: before.updates.cpuUsPerCall / after.updates.cpuUsPerCall,
      inserts: inserts.cpuUs / late.cpuUs,
      load: loads[0]!.cpuUs / loads.at(-1)!.cpuUs,
    },
    hotShare,
  }
}

async function withDatabase<Result>(path: string, use: (db: Database) => Promise<Result>): Promise<Result> {
  const db = await open(path, { actors: [] })
  const result = await use(db)
  await db.close()
  return result
}

function withUsers<Result>(path: string, use: (users: Collection<User>) => Promise<Result>): Promise<Result> {
  const indexes = {
    byEmail: { keys: { email: 1 }, unique: true },
    byOrgAge: { keys: { org: 1, age: -1 } },
    byStatus: { keys: { status: 1 } },
  } as const
  return withDatabase(path, (db) => use(db.collection<User>('users', { indexes })))
}

async function points(
  users: Collection<User>,
  documents: number,
  load: Load,
): Promise<Record<'reads' | 'updates', Figure>> {
  await timeCalls(new EachRead(users, documents), load.callers, documents)
  return {
    reads: await warmed(new Reads(users, documents), load),
    updates: await warmed(new Updates(users, documents), load),
  }
}

// In batches of a few callers, which is how documents are loaded; what is on its way is bounded.
async function loadInBatches(users: Collection<User>, from: number, end: number): Promise<DocumentsFigure[]> {
  const figures: DocumentsFigure[] = []
  for (let part = 0; part < LOAD_PARTS; part++) {
    const [first, last] = [part, part + 1].map((place) => from + Math.floor(((end - from) * place) / LOAD_PARTS))
    const step = `load in batches, part ${part + 1} of ${LOAD_PARTS}`
    figures.push(await timed(step, last! - first!, () => loadPart(users, first!, last!)))
  }
  return figures
}

async function loadPart(users: Collection<User>, first: number, end: number): Promise<void> {
  let next = first
  let told = Date.now()
  const loader = async (): Promise<void> => {
    while (next < end) {
      const from = next
      next = Math.min(end, from + LOAD_BATCH)
      await users.insertMany(Array.from({ length: next - from }, (_, index) => userOf(from + index)))
      if (Date.now() - told < PROGRESS_MS) continue
      told = Date.now()
      process.stderr.write(`documents  ${next}\n`)
    }
  }
  await Promise.all(Array.from({ length: LOADERS }, loader))
}

// In turns, so that what else goes on meets both alike: the median of the rounds.
async function measureHotShare(db: Database, callers: number, round: number): Promise<number> {
  const [spread, hot] = (['email', 'status'] as const).map((field) =>
    db.collection<User>(`by-${field}`, { indexes: { byIt: { keys: { [field]: 1 } } } }),
  )
  const shares: number[] = []
  for (let turn = 0; turn < HOT_ROUNDS; turn++) {
    const own = await insertAll('insert, own values', new Inserts(spread!, turn * round), callers, round)
    const one = await insertAll('insert, one value', new Inserts(hot!, turn * round), callers, round)
    shares.push(own.cpuUs / one.cpuUs)
  }
  return shares.toSorted((a, b) => a - b)[Math.floor(HOT_ROUNDS / 2)]!
}

async function insertWarm(
  step: string,
  users: Collection<User>,
  first: number,
  callers: number,
  round: number,
): Promise<DocumentsFigure> {
  await insertAll('', new Inserts(users, first), callers, round)
  return await insertAll(step, new Inserts(users, first + round), callers, INSERT_ROUNDS * round)
}

function insertAll(step: string, inserts: Inserts, callers: number, documents: number): Promise<DocumentsFigure> {
  return timed(step, documents, () => timeCalls(inserts, callers, documents))
}

async function timed(step: string, documents: number, work: () => Promise<unknown>): Promise<DocumentsFigure> {
  const [before, started] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(before)
  const perSecond = (documents * 1000) / (performance.now() - started)
  return { step, perSecond, p99Ms: undefined, cpuUs: (user + system) / documents, rssMiB: memoryMiB() }
}

interface Figure extends Measurement {
  readonly rssMiB: number
}

// What an opened database takes more for its first thousands of calls does not depend on how many documents there are; how many
// calls fit the time, and so share it, does.
async function warmed(callable: Callable, load: Load): Promise<Figure> {
  return { ...(await measureWarm(callable, load, WARM_UP_CALLS)), rssMiB: memoryMiB() }
}

function figureOf(step: string, { callsPerSecond, p99Ms, cpuUsPerCall, rssMiB }: Figure): DocumentsFigure {
  return { step, perSecond: callsPerSecond, p99Ms, cpuUs: cpuUsPerCall, rssMiB }
}

function memoryMiB(): number {
  return process.memoryUsage.rss() / 2 ** 20
}

function userOf(number: number): User {
  return {
    _id: `u${number}`,
    email: `user${number}@example.org`,
    org: `org${number % ORGS}`,
    age: 18 + (number % 60),
    status: 'open',
  }
}

// Every document once, from one on.
class Inserts implements Callable {
  readonly #users: Collection<User>
  #next: number

  constructor(users: Collection<User>, first: number) {
    this.#users = users
    this.#next = first
  }

  pick(): number {
    return this.#next++
  }

  call(pick: number): Promise<unknown> {
    return this.#users.insertOne(userOf(pick))
  }

  accept(): void {
    // A write that fails rejects.
  }
}

// Documents at random, each as likely as another.
abstract class RandomDocuments implements Callable {
  readonly users: Collection<User>
  readonly #documents: number
  readonly #random = seededRandom(1)

  constructor(users: Collection<User>, documents: number) {
    this.users = users
    this.#documents = documents
  }

  pick(): number {
    return Math.floor(this.#random() * this.#documents)
  }

  abstract call(pick: number): Promise<unknown>
  abstract accept(pick: number, reply: unknown): void
}

class Reads extends RandomDocuments {
  call(pick: number): Promise<unknown> {
    return this.users.get(`u${pick}`)
  }

  accept(pick: number, reply: unknown): void {
    const { email } = reply as User
    if (email !== userOf(pick).email) throw new CheckFailed('documents', `u${pick} has the e-mail ${email}`)
  }
}

// Every document once.
class EachRead extends Reads {
  #next = 0

  override pick(): number {
    return this.#next++
  }
}

class Ranges extends RandomDocuments {
  call(pick: number): Promise<unknown> {
    const { org } = userOf(pick)
    return this.users.find({ org, age: { $gte: 18 } }, { sort: { age: -1 }, limit: PAGE }).toArray()
  }

  accept(pick: number, reply: unknown): void {
    const found = reply as readonly User[]
    const inOrder = found.every(({ age }, place) => place === 0 || age <= found[place - 1]!.age)
    if (found.length === 0 || !inOrder || found.some(({ org }) => org !== userOf(pick).org))
      throw new CheckFailed('documents', `the users of ${userOf(pick).org} are not as asked for`)
  }
}

class Updates extends RandomDocuments {
  call(pick: number): Promise<unknown> {
    return this.users.updateOne({ email: userOf(pick).email }, { $inc: { age: 1 } })
  }

  accept(pick: number, reply: unknown): void {
    const { modifiedCount } = reply as { readonly modifiedCount: number }
    if (modifiedCount !== 1) throw new CheckFailed('documents', `an update of u${pick} changed ${modifiedCount}`)
  }
}
