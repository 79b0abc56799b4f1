// What the documents suite measures, in a process of its own: documents with three indexes are inserted, read by id, found
// over a range of an index, and changed by a unique key, in an embedded database, some of it among a tenth of them and again
// among all; and an index in which all documents have one value is held against one in which each has its own. What is read is checked as it comes.

import { join } from 'node:path'
import { type Collection, type Database, open } from 'streamy-db'
import { type Callable, type Load, measure, type Measurement, timeCalls } from '../closed-loop.ts'
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
}

/** What came of it. */
export interface DocumentsOutput {
  readonly figures: readonly DocumentsFigure[]
  readonly rssMiB: number
  /** How many documents there were at first, when what is held against all of them was measured. */
  readonly small: number
  /** Processor time of a read and of an update among few documents, for the same among all: 1 where it does not grow. */
  readonly growth: { readonly reads: number; readonly updates: number }
  /** Inserts a second into an index of one value, for one into an index of as many values as documents. */
  readonly hotShare: number
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
const PROGRESS_MS = 5000
const HOT_ROUNDS = 5
const HOT_ROUND_MAX = 20_000

serveTask(measureDocuments)

async function measureDocuments({ directory, documents, callers, seconds }: DocumentsInput): Promise<DocumentsOutput> {
  const db = await open(join(directory, 'documents'), { actors: [] })
  const users = db.collection<User>('users', {
    indexes: {
      byEmail: { keys: { email: 1 }, unique: true },
      byOrgAge: { keys: { org: 1, age: -1 } },
      byStatus: { keys: { status: 1 } },
    },
  })
  const small = Math.ceil(documents / GROWTH)
  const load = { callers, seconds }
  const inserts = new Inserts(users)
  const first = await insertAll('insert, three indexes', inserts, callers, small)
  const before = await points(users, small, load)
  if (documents > small) await loadInBatches(users, inserts, documents - small)
  const after = await points(users, documents, load)
  const ranges = await measure(new Ranges(users, documents), load)
  const rssMiB = process.memoryUsage.rss() / 2 ** 20
  const hotShare = await measureHotShare(db, callers, Math.min(small, HOT_ROUND_MAX))
  await db.close()
  return {
    small,
    figures: [
      first,
      figureOf(`read by id, of ${small}`, before.reads),
      figureOf('read by id, of all', after.reads),
      figureOf(`update by unique key, of ${small}`, before.updates),
      figureOf('update by unique key, of all', after.updates),
      figureOf('range, sort, limit 10', ranges),
    ],
    rssMiB,
    growth: {
      reads: before.reads.cpuUsPerCall / after.reads.cpuUsPerCall,
      updates: before.updates.cpuUsPerCall / after.updates.cpuUsPerCall,
    },
    hotShare,
  }
}

interface Points {
  readonly reads: Measurement
  readonly updates: Measurement
}

async function points(users: Collection<User>, documents: number, load: Load): Promise<Points> {
  return {
    reads: await measure(new Reads(users, documents), load),
    updates: await measure(new Updates(users, documents), load),
  }
}

// In batches of a few callers, which is how documents are loaded; what is on its way is bounded.
async function loadInBatches(users: Collection<User>, inserts: Inserts, documents: number): Promise<void> {
  const end = inserts.picked + documents
  let next = end - documents
  let told = Date.now()
  const loader = async (): Promise<void> => {
    while (next < end) {
      const from = next
      next = Math.min(end, from + LOAD_BATCH)
      await users.insertMany(Array.from({ length: next - from }, (_, index) => userOf(from + index)))
      if (Date.now() - told < PROGRESS_MS) continue
      told = Date.now()
      process.stderr.write(`documents  ${next} of ${end}\n`)
    }
  }
  await Promise.all(Array.from({ length: LOADERS }, loader))
}

// In turns, so that what else goes on meets both alike: the median of the rounds.
async function measureHotShare(db: Database, callers: number, round: number): Promise<number> {
  const spread = insertsInto(db, 'spread', 'email')
  const hot = insertsInto(db, 'hot', 'status')
  const shares: number[] = []
  for (let turn = 0; turn < HOT_ROUNDS; turn++) {
    const own = await insertAll('insert, own values', spread, callers, round)
    const one = await insertAll('insert, one value', hot, callers, round)
    shares.push(one.perSecond / own.perSecond)
  }
  return shares.toSorted((a, b) => a - b)[Math.floor(HOT_ROUNDS / 2)]!
}

function insertsInto(db: Database, name: string, path: 'email' | 'status'): Inserts {
  return new Inserts(db.collection<User>(name, { indexes: { byIt: { keys: { [path]: 1 } } } }))
}

async function insertAll(step: string, inserts: Inserts, callers: number, documents: number): Promise<DocumentsFigure> {
  const before = process.cpuUsage()
  const seconds = await timeCalls(inserts, callers, documents)
  const { user, system } = process.cpuUsage(before)
  return { step, perSecond: documents / seconds, p99Ms: undefined, cpuUs: (user + system) / documents }
}

function figureOf(step: string, { callsPerSecond, p99Ms, cpuUsPerCall }: Measurement): DocumentsFigure {
  return { step, perSecond: callsPerSecond, p99Ms, cpuUs: cpuUsPerCall }
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

// Every document once.
class Inserts implements Callable {
  readonly #users: Collection<User>
  #next = 0

  constructor(users: Collection<User>) {
    this.#users = users
  }

  get picked(): number {
    return this.#next
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
