// What users see of the past on an embedded database: the program of the public face as it is written there, and what
// happens at restarts, at the end of the history, to slow readers and to projections that fail.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, actor, HistoryTrimmed, ManualClock, message, open, query } from './index.ts'
import type { Change, Database, OpenOptions } from './index.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @message()
  transfer(to: string, amount: number): void {
    this.balance -= amount
    this.actor(Account, to).deposit(amount)
  }

  @message()
  depositLater(amount: number, milliseconds: number): void {
    this.after(milliseconds).deposit(amount)
  }

  @message()
  tellOther(to: string, amount: number): void {
    this.tell(Account, to).deposit(amount)
  }

  @message()
  fail(): void {
    this.balance = -1
    throw new Error('no')
  }

  @message()
  leave(): void {
    this.destroy()
  }

  @query()
  statement(): string {
    return `${this.key} has ${this.balance}`
  }
}

@actor()
class Note extends Actor {
  text = ''

  @message()
  write(text: string): void {
    this.text = text
  }
}

let directory: string
let clock: ManualClock
let opened: Database[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-changes-'))
  clock = new ManualClock(1_000_000_000)
  opened = []
})

afterEach(async () => {
  for (const db of opened) await db.close()
  await rm(directory, { recursive: true, force: true })
})

async function start(options: Partial<OpenOptions> = {}, where = directory): Promise<Database> {
  const db = await open(where, { actors: [Account, Note], clock, ...options })
  opened.push(db)
  return db
}

test('the program of the public face', async () => {
  const db = await start({}, ':memory:')
  await db.actor(Account, 'alice').deposit(10)
  const before = db.position
  await db.actor(Account, 'alice').transfer('bob', 4)
  const view = await db.at(before)
  expect(await view.actor(Account, 'alice').statement()).toBe('alice has 10')
  expect(await view.actor(Account, 'bob').statement()).toBe('bob has 0')
  const seen: unknown[] = []
  for await (const change of db.changes({ actors: [Account], from: before })) {
    seen.push([change.position, change.ref.key, change.before?.balance, change.after?.balance])
    if (seen.length === 2) break
  }
  expect(seen).toEqual([
    [db.position, 'alice', 10, 6],
    [db.position, 'bob', undefined, 4],
  ])
  const balances = new Map<string, number>()
  const totals = await db.project('totals', {
    actors: [Account],
    apply: async (changes) => {
      for (const { ref, after } of changes) balances.set(ref.key, after?.balance ?? 0)
    },
  })
  await db.actor(Account, 'bob').deposit(1)
  await totals.caughtUpTo(db.position)
  expect(Object.fromEntries(balances)).toEqual({ alice: 6, bob: 5 })
})

describe('changes', () => {
  test('what commits is told once, and what does not is not told', async () => {
    const db = await start()
    const changes = db.changes()
    const alice = db.actor(Account, 'alice')
    await alice.deposit(5)
    await expect(alice.fail()).rejects.toThrow('no')
    await alice.deposit(0)
    await db.kv('settings').set(['a'], 1)
    await alice.tellOther('bob', 3)
    await alice.leave()
    await db.actor(Note, 'n').write('done')
    const told = await brief(changes, (change) => change.ref.type === 'Note')
    expect(told.filter((line) => !line.startsWith('bob'))).toEqual(['alice - 5', 'alice 5 -', 'n'])
    expect(told.filter((line) => line.startsWith('bob'))).toEqual(['bob - 3'])
  })

  test('a timer is told at the position at which it ran', async () => {
    const db = await start()
    const changes = db.changes({ actors: [Account] })
    await db.actor(Account, 'alice').depositLater(5, 1000)
    clock.advance(1000)
    const [set, ran] = await take(changes, 2)
    expect(set!.after!.balance).toBe(0)
    expect(ran!.after!.balance).toBe(5)
    expect(ran!.position).toBeGreaterThan(set!.position)
    expect(ran!.time.getTime()).toBeGreaterThanOrEqual(set!.time.getTime() + 1000)
  })

  test('are resumed at every position without loss or repeats, also after a restart', async () => {
    let db = await start()
    for (let round = 0; round < 10; round++)
      await Promise.all(['a', 'b', 'c'].map((key) => db.actor(Account, key).transfer('d', round + 1)))
    await db.close()
    db = await start()
    await db.actor(Note, 'n').write('end')
    const isEnd = (change: Change): boolean => change.ref.type === 'Note'
    const all = await until(db.changes({ from: 0 }), isEnd)
    expect(all.length).toBe(61)
    for (const { position } of all.slice(0, -1)) {
      const rest = await until(db.changes({ from: position }), isEnd)
      expect(rest).toEqual(all.filter((change) => change.position > position))
    }
  })

  test('end when the iteration is left, the signal aborts, and the database is closed, also while they wait', async () => {
    const db = await start()
    const left = db.changes()
    const waiting = left.next()
    await left.return!()
    expect(await waiting).toMatchObject({ done: true })
    const aborting = new AbortController()
    const aborted = db.changes({ signal: aborting.signal }).next()
    aborting.abort()
    expect(await aborted).toMatchObject({ done: true })
    const closed = db.changes().next()
    await db.close()
    expect(await closed).toMatchObject({ done: true })
  })

  test('those that were trimmed are refused with the oldest position that is left', async () => {
    let db = await start({ historyBytesMax: 0 })
    await db.actor(Account, 'alice').deposit(5)
    const { position } = db
    await db.close()
    db = await start({ historyBytesMax: 0 })
    const refused = await db
      .changes({ from: position - 1 })
      .next()
      .then(unexpected, (error: unknown) => error)
    expect(refused).toBeInstanceOf(HistoryTrimmed)
    expect(refused).toMatchObject({ code: 'HISTORY_TRIMMED' })
    await expect(db.at(position - 1)).rejects.toMatchObject({ code: 'HISTORY_TRIMMED' })
    const { oldest } = refused as HistoryTrimmed
    await db.actor(Account, 'alice').deposit(1)
    expect(await brief(db.changes({ from: oldest }), () => true)).toEqual(['alice 5 6'])
    await expect(db.at(oldest)).resolves.toBeDefined()
  })

  test('a position that has not come is refused', async () => {
    const db = await start()
    await expect(db.changes({ from: 2 ** 40 }).next()).rejects.toMatchObject({ code: 'POSITION_UNKNOWN' })
    await expect(db.at(2 ** 40)).rejects.toMatchObject({ code: 'POSITION_UNKNOWN' })
    await expect(db.at(new Date(Number.NaN))).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
    expect(() => db.changes({ from: -1 })).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  })

  test('made by code that has been replaced are merged, and lead to the same', async () => {
    let db = await start()
    const { position } = db
    for (const amount of [1, 2, 3]) await db.actor(Account, 'alice').deposit(amount)
    await db.actor(Account, 'bob').deposit(1)
    await db.actor(Account, 'bob').leave()
    const last = db.position
    await db.close()
    db = await start({ actors: [Account] })
    await db.actor(Account, 'alice').deposit(4)
    const changes = await until(
      db.changes({ actors: [Account], from: position }),
      ({ after }) => after?.['balance'] === 10,
    )
    expect(changes.map(({ ref, merged, after }) => [ref.key, merged, after?.['balance']])).toEqual([
      ['alice', true, 6],
      ['bob', true, undefined],
      ['alice', undefined, 10],
    ])
    expect(await (await db.at(last)).actor(Account, 'alice').statement()).toBe('alice has 6')
    await expect(db.at(changes[0]!.position - 4096)).rejects.toMatchObject({ code: 'CODE_MISMATCH' })
  })
})

describe('views', () => {
  test('answer as of each position, within batches too, and as of a time', async () => {
    const db = await start()
    const times = new Map<number, number>()
    for (let round = 1; round <= 5; round++) {
      clock.advance(1000)
      await Promise.all([1, 2, 3].map((amount) => db.actor(Account, 'alice').deposit(amount)))
      times.set(clock.now() / 1000, 6 * round)
    }
    const changes = await take(db.changes({ actors: [Account], from: 0 }), 15)
    for (const { position, after } of changes) {
      const view = await db.at(position)
      expect(await view.actor(Account, 'alice').statement()).toBe(`alice has ${after!.balance}`)
      expect(view.position).toBe(position)
      view.close()
    }
    for (const [time, balance] of times)
      expect(await (await db.at(new Date(time))).actor(Account, 'alice').statement()).toBe(`alice has ${balance}`)
  })

  test('stay as they are when the database goes on, however many are open', async () => {
    const db = await start()
    const views = []
    for (let balance = 1; balance <= 20; balance++) {
      await db.actor(Account, 'alice').deposit(1)
      views.push(await db.at(db.position))
    }
    for (const [index, view] of views.entries())
      expect(await view.actor(Account, 'alice').statement()).toBe(`alice has ${index + 1}`)
  })

  test('refuse messages', async () => {
    const db = await start()
    const view = await db.at(db.position)
    await expect(view.actor(Account, 'alice').deposit(1)).rejects.toMatchObject({ code: 'QUERY_WRITES' })
    expect(await view.actor(Account, 'alice').statement()).toBe('alice has 0')
  })
})

describe('projections', () => {
  test('go on where they were after a restart, with what was not noted repeated', async () => {
    let db = await start()
    await db.actor(Account, 'alice').deposit(5)
    const seen: string[] = []
    const project = (): Promise<unknown> =>
      db.project('seen', {
        actors: [Account],
        apply: (changes, { snapshot }) => {
          seen.push(...changes.map((change) => `${snapshot ? 'is' : 'became'} ${change.after?.balance}`))
        },
      })
    await project()
    await db.actor(Account, 'alice').deposit(1)
    await db.close()
    db = await start()
    await db.actor(Account, 'alice').deposit(2)
    const again = await db.project('seen', {
      actors: [Account],
      apply: (changes) => {
        seen.push(...changes.map((change) => `then ${change.after?.balance}`))
      },
    })
    await again.caughtUpTo(db.position)
    const told = seen.filter((line) => line.startsWith('then'))
    expect(seen.slice(0, -told.length)).toEqual(['is 5', 'became 6'].slice(0, seen.length - told.length))
    expect(told.at(-1)).toBe('then 8')
  })

  test('try again when they fail, and nothing is skipped', async () => {
    const db = await start()
    const applied: number[] = []
    const errors: string[] = []
    let failures = 2
    const projection = await db.project('failing', {
      actors: [Account],
      apply: (changes) => {
        if (changes.length > 0 && failures-- > 0) throw new Error('the store is down')
        applied.push(...changes.map((change) => change.after!.balance))
      },
      onError: (error, attempt) => {
        errors.push(`${error.message} ${attempt}`)
        setImmediate(() => clock.advance(60_000))
      },
    })
    await db.actor(Account, 'alice').deposit(1)
    await db.actor(Account, 'alice').deposit(1)
    await projection.caughtUpTo(db.position)
    expect(applied).toEqual([1, 2])
    expect(errors).toEqual(['the store is down 1', 'the store is down 2'])
    await projection.close()
    await expect(projection.caughtUpTo(db.position + 1e9)).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  })

  test('that were away for too long end, and say so', async () => {
    let db = await start({ historyBytesMax: 0 })
    const apply = (): void => {}
    const first = await db.project('away', { actors: [Account], apply })
    await db.actor(Account, 'alice').deposit(1)
    await first.caughtUpTo(db.position)
    await first.close()
    for (let restart = 0; restart < 2; restart++) {
      await db.actor(Account, 'alice').deposit(1)
      await db.close()
      db = await start({ historyBytesMax: 0 })
    }
    const told: unknown[] = []
    const again = await db.project('away', {
      actors: [Account],
      apply,
      onError: (error, attempt) => told.push([(error as HistoryTrimmed).code, attempt]),
    })
    await expect(again.caughtUpTo(db.position)).rejects.toMatchObject({ code: 'HISTORY_TRIMMED' })
    expect(told).toEqual([['HISTORY_TRIMMED', 0]])
  })

  test('begin where they are told to', async () => {
    const db = await start()
    await db.actor(Account, 'alice').deposit(1)
    const from = db.position
    await db.actor(Account, 'alice').deposit(1)
    const last = db.position
    const applied: number[] = []
    const projection = await db.project('from', {
      actors: [Account],
      from,
      apply: (changes, { position }) => {
        applied.push(...changes.map((change) => change.after!.balance), position)
      },
    })
    await projection.caughtUpTo(last)
    expect(applied).toEqual([2, last])
  })
})

type Seen = Change & { readonly after: { readonly balance?: number } | undefined }

async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = []
  for await (const item of items) if (taken.push(item) === count) break
  return taken
}

async function until(changes: AsyncIterable<Change>, isLast: (change: Change) => boolean): Promise<Change[]> {
  const taken: Change[] = []
  for await (const change of changes) {
    taken.push(change)
    if (isLast(change)) break
  }
  return taken
}

async function brief(changes: AsyncIterable<Change>, isLast: (change: Change) => boolean): Promise<string[]> {
  const all = (await until(changes, isLast)) as Seen[]
  return all.map(({ ref, before, after }) =>
    ref.type === 'Note' ? ref.key : `${ref.key} ${balanceOf(before)} ${balanceOf(after)}`,
  )
}

function balanceOf(state: Change['before']): string {
  return state === undefined ? '-' : String(state['balance'])
}

function unexpected(): never {
  throw new Error('Nothing was refused.')
}
