// What the documents suite measures, in a process of its own: documents with three indexes are inserted, read by id, found
// over a range of an index, and changed by a unique key, in an embedded database; and an index in which all documents
// have one value is held against one in which each has its own. What is read is checked as it comes.

import { join } from 'node:path'
import { type Collection, type Database, open } from 'streamy-db'
import { type Callable, measure, type Measurement, timeCalls } from '../closed-loop.ts'
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
  const load = { callers, seconds }
  const figures = [await insertAll('insert, three indexes', new Inserts(users), callers, documents)]
  figures.push(figureOf('read by id', await measure(new Reads(users, documents), load)))
  figures.push(figureOf('range, sort, limit 10', await measure(new Ranges(users, documents), load)))
  figures.push(figureOf('update by unique key', await measure(new Updates(users, documents), load)))
  const rssMiB = process.memoryUsage.rss() / 2 ** 20
  const some = Math.ceil(documents / 4)
  const spread = await insertAll('insert, own values', insertsInto(db, 'spread', 'email'), callers, some)
  const hot = await insertAll('insert, one value', insertsInto(db, 'hot', 'status'), callers, some)
  await db.close()
  return { figures: [...figures, spread, hot], rssMiB, hotShare: hot.perSecond / spread.perSecond }
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
