// The key-value layer as a client uses it, on an embedded database: what each call answers, what is refused, and what a
// transaction, a handler and a reader that takes its time get to see.

import { Actor, registerActor } from '@streamy-db/actors'
import { StreamyError } from '@streamy-db/core'
import { type Database, ManualClock, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  kvActors,
  kvInHandler,
  kvInTransaction,
  type KvKey,
  kvLimits,
  kvRef,
  type KvSelector,
  KvTypeMismatch,
  kvSpace,
} from './index.ts'

/** Uses a space in its handlers. */
class Clerk extends Actor {
  moved = 0
  move(from: KvKey, to: KvKey, amount: number): number {
    const kv = kvInHandler<number>(this, 'stock')
    const { value = 0 } = kv.get(from)
    if (value < amount) throw new StreamyError('TRANSACTION_INVALID', 'There is not enough.')
    kv.sum(from, -amount)
    kv.sum(to, amount)
    this.moved += amount
    return [...kv.list({}, { limit: 10 })].reduce((sum, entry) => sum + entry.value, 0)
  }
  clear(): number {
    return kvInHandler(this, 'stock').deleteRange({})
  }
  tidy(): readonly unknown[] {
    const kv = kvInHandler(this, 'stock')
    kv.set(['a'], 'x', { expireIn: 1000 })
    const merged = [kv.append(['a'], 'y'), kv.min(['n'], 3), kv.max(['n'], 5), kv.sum(['big'], 2n)]
    return [...merged, kv.delete(['a']), kv.delete(['a']), kv.getMany([['n'], ['a']]).map(({ value }) => value)]
  }
  total(): number {
    return [...kvInHandler<number>(this, 'stock').list({}, { reverse: true })].length
  }
}
registerActor(Clerk, {
  messages: { move: { touches: (_self, from, to) => [kvRef('stock', from), kvRef('stock', to)] }, clear: {}, tidy: {} },
  queries: { total: {} },
})

const clock = new ManualClock(1_700_000_000_000)
let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: [...kvActors, Clerk], clock })
})
afterEach(async () => {
  await db.close()
})

test('entries come back with versions that sort in the order of the writes', async () => {
  const kv = kvSpace(db, 'space')
  const first = await kv.set(['users', 42], { name: 'Ada' })
  const second = await kv.set(['users', 42], { name: 'Ada' })
  expect(second.version > first.version).toBe(true)
  expect(await kv.get(['users', 42])).toEqual({ key: ['users', 42], value: { name: 'Ada' }, version: second.version })
  expect(await kv.get(['users'])).toEqual({ key: ['users'], value: undefined, version: undefined })
  expect(await kv.delete(['users', 42])).toMatchObject({ deleted: true })
  expect(await kv.delete(['users', 42])).toMatchObject({ deleted: false })
  expect((await kv.get(['users', 42])).version).toBeUndefined()
})

test('spaces do not share keys, and reads of several keys are of one moment', async () => {
  const [a, b] = [kvSpace(db, 'a'), kvSpace(db, 'b')]
  await Promise.all([a.set(['k'], 1), b.set(['k'], 2), b.set(['l'], 3)])
  expect((await a.list({}).toArray()).map(({ value }) => value)).toEqual([1])
  expect((await b.getMany([['l'], ['x'], ['k']])).map(({ value }) => value)).toEqual([3, undefined, 2])
})

test('values of every kind come back, and numbers, bigints, texts, lists and bytes merge with their own kind', async () => {
  const kv = kvSpace(db, 'space')
  for (const value of [
    null,
    false,
    0,
    -0,
    NaN,
    1n,
    '',
    'x',
    [],
    [1],
    new Uint8Array(2),
    new Map([[1, 2]]),
    new Date(5),
  ]) {
    await kv.set(['v'], value)
    expect((await kv.get(['v'])).value).toStrictEqual(value)
  }
  expect(await kv.sum(['n'], 2)).toMatchObject({ value: 2 })
  expect(await kv.sum(['n'], -5)).toMatchObject({ value: -3 })
  expect(await kv.max(['n'], 4)).toMatchObject({ value: 4 })
  expect(await kv.min(['n'], 7)).toMatchObject({ value: 4 })
  expect(await kv.sum(['b'], 2n ** 80n)).toMatchObject({ value: 2n ** 80n })
  expect(await kv.append(['t'], 'ab')).toMatchObject({ value: 'ab' })
  expect(await kv.append(['t'], 'c')).toMatchObject({ value: 'abc' })
  expect((await kv.append(['l'], [1]), await kv.append(['l'], [2]))).toMatchObject({ value: [1, 2] })
  await kv.append(['u'], Uint8Array.of(1))
  expect(await kv.append(['u'], Uint8Array.of(2))).toMatchObject({ value: Uint8Array.of(1, 2) })
  await expect(kv.sum(['b'], 1)).rejects.toThrow(KvTypeMismatch)
  await expect(kv.sum(['t'], 1)).rejects.toMatchObject({
    data: { operation: 'sum', found: 'a string', given: 'a number' },
  })
  await expect(kv.append(['l'], 'x')).rejects.toThrow(KvTypeMismatch)
})

test('sums of a thousand callers at once all count', async () => {
  const kv = kvSpace<number>(db, 'space')
  await Promise.all(Array.from({ length: 1000 }, () => kv.sum(['count'], 1)))
  expect((await kv.get(['count'])).value).toBe(1000)
})

describe('lists', () => {
  test('go by prefix, start and end, in both directions, within limits, and on from cursors', async () => {
    const kv = kvSpace<number>(db, 'space')
    const keys: KvKey[] = [
      ['a'],
      ['a', 1],
      ['a', 2, 'x'],
      ['a', 3],
      ['a\0'],
      ['ab', 1],
      ['b'],
      [new Uint8Array(1)],
      [1n],
    ]
    await Promise.all(keys.map((key, index) => kv.set(key, index)))
    const list = async (selector: KvSelector, options = {}): Promise<KvKey[]> =>
      (await kv.list(selector, options).toArray()).map(({ key }) => key)
    expect(await list({ prefix: ['a'] })).toEqual([
      ['a', 1],
      ['a', 2, 'x'],
      ['a', 3],
    ])
    expect(await list({ prefix: ['a'] }, { reverse: true, limit: 2 })).toEqual([
      ['a', 3],
      ['a', 2, 'x'],
    ])
    expect(await list({ prefix: ['a'], start: ['a', 2] })).toEqual([
      ['a', 2, 'x'],
      ['a', 3],
    ])
    expect(await list({ prefix: ['a'], end: ['a', 2] })).toEqual([['a', 1]])
    expect(await list({ start: ['a', 3], end: ['b'] })).toEqual([['a', 3], ['a\0'], ['ab', 1]])
    expect(await list({ start: ['b'], end: ['a'] })).toEqual([])
    expect(await list({})).toEqual([
      [new Uint8Array(1)],
      ['a'],
      ['a', 1],
      ['a', 2, 'x'],
      ['a', 3],
      ['a\0'],
      ['ab', 1],
      ['b'],
      [1n],
    ])
    expect(await list({}, { limit: 0 })).toEqual([])
    for (const reverse of [false, true]) {
      const seen: KvKey[] = []
      for (let cursor: string | undefined; ;) {
        const page = kv.list({}, { limit: 2, reverse, ...(cursor === undefined ? {} : { cursor }) })
        seen.push(...(await page.toArray()).map(({ key }) => key))
        if (page.cursor === undefined) break
        cursor = page.cursor
      }
      expect(seen).toEqual(await list({}, { reverse }))
    }
  })

  test('are of one moment, however many pages and whatever is written meanwhile', async () => {
    const kv = kvSpace<number, [number]>(db, 'space')
    const count = 2 * kvLimits.pageEntriesMax + 100
    await Promise.all(Array.from({ length: count }, (_, index) => kv.set([index], index)))
    for (const reverse of [false, true]) {
      const before = (await kv.list({}).toArray()).map(({ value }) => value)
      const list = kv.list({}, { reverse })
      const seen: number[] = []
      for await (const { key, value } of list) {
        seen.push(value)
        if (seen.length % 100 !== 1) continue
        await Promise.all([
          kv.set([-key[0] - 1], 0),
          kv.delete([count - 1 - key[0]]),
          kv.set(key, -1),
          kv.sum([count + 1], 1),
        ])
      }
      expect(seen).toEqual(reverse ? before.toReversed() : before)
      expect((await kv.list({}).toArray()).map(({ value }) => value)).not.toEqual(before)
    }
  })

  test('of large values come in smaller pages', async () => {
    const kv = kvSpace<string>(db, 'space')
    const value = 'x'.repeat(kvLimits.valueBytesMax)
    await Promise.all(Array.from({ length: 5 }, (_, index) => kv.set([index], value)))
    expect((await kv.list({}).toArray()).map((entry) => entry.value.length)).toEqual(
      Array.from({ length: 5 }, () => value.length),
    )
  })

  test('that are given up, and left open, go no further', async () => {
    const kv = kvSpace(db, 'space')
    await Promise.all(Array.from({ length: 1000 }, (_, index) => kv.set([index], index)))
    const list = kv.list({})
    await list.next()
    await list.return()
    expect(await list.next()).toEqual({ done: true, value: undefined })
  })
})

describe('transactions', () => {
  test('that meet a failed assert do nothing, and say which one it was and what the entry is', async () => {
    const kv = kvSpace<number>(db, 'space')
    const { version } = await kv.set(['a'], 1)
    const failed = await kv.transact({
      asserts: [
        { key: ['a'], value: 1 },
        { key: ['a'], lt: 1 },
      ],
      updates: [{ set: ['b'], value: 2 }],
    })
    expect(failed).toEqual({
      ok: false,
      failed: { index: 1, assert: { key: ['a'], lt: 1 }, entry: { key: ['a'], value: 1, version }, count: undefined },
    })
    expect((await kv.get(['b'])).value).toBeUndefined()
  })

  test('read after they have written', async () => {
    const kv = kvSpace<number>(db, 'space')
    const result = await kv.transact({
      updates: [
        { set: ['a', 1], value: 1 },
        { sum: ['a', 1], value: 2 },
        { delete: ['a', 1] },
        { set: ['a', 2], value: 5 },
      ],
      gets: [['a', 1], { range: { prefix: ['a'] }, limit: 1 }],
    })
    const entry = { key: ['a', 2], value: 5, version: result.ok ? result.version : '' }
    expect(result).toMatchObject({
      ok: true,
      gets: [{ value: undefined }, { entries: [entry], cursor: expect.any(String) }],
    })
  })

  test('assert ranges: what was listed is still so, key by key', async () => {
    const kv = kvSpace<number>(db, 'space')
    await Promise.all([kv.set(['a', 1], 1), kv.set(['a', 3], 3)])
    const entries = await kv.list({ prefix: ['a'] }).toArray()
    const attempt = async (): Promise<unknown> =>
      await kv.transact({ asserts: [{ range: { prefix: ['a'] }, entries }], updates: [{ sum: ['done'], value: 1 }] })
    expect(await attempt()).toMatchObject({ ok: true })
    await kv.set(['a', 2], 2)
    expect(await attempt()).toMatchObject({ ok: false, failed: { entry: { key: ['a', 2], value: 2 } } })
    await kv.delete(['a', 2])
    await kv.set(['a', 3], 3)
    expect(await attempt()).toMatchObject({ ok: false, failed: { entry: { key: ['a', 3], value: 3 } } })
    await kv.delete(['a', 3])
    expect(await attempt()).toMatchObject({ ok: false, failed: { entry: { key: ['a', 3], value: undefined } } })
    expect((await kv.get(['done'])).value).toBe(1)
  })

  test('atomic: of many that check the same version one takes effect', async () => {
    const kv = kvSpace<number>(db, 'space')
    const { version } = await kv.set(['stock'], 10)
    const commits = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        kv
          .atomic()
          .check({ key: ['stock'], version })
          .set(['stock'], index)
          .commit(),
      ),
    )
    expect(commits.filter(({ ok }) => ok)).toHaveLength(1)
    expect(
      await kv
        .atomic()
        .check({ key: ['new'], version: undefined })
        .set(['new'], 1)
        .commit(),
    ).toMatchObject({ ok: true })
    expect(
      await kv
        .atomic()
        .check({ key: ['new'], version: null })
        .set(['new'], 1)
        .commit(),
    ).toMatchObject({ ok: false })
  })

  test('with a function: what it has listed is asserted, so nothing appears behind its back', async () => {
    const kv = kvSpace<number>(db, 'seats')
    // Each seats one more guest if there are fewer than five: without the assert, all would see none.
    const seat = (guest: number): Promise<void> =>
      kv.transaction(async (tx) => {
        let seated = 0
        for await (const _ of tx.list({ prefix: ['seat'] })) seated += 1
        if (seated < 5) tx.set(['seat', guest], guest)
      })
    await Promise.all(Array.from({ length: 20 }, (_, guest) => seat(guest)))
    expect(await kv.list({ prefix: ['seat'] }).toArray()).toHaveLength(5)
  })

  test('mix entries and actors', async () => {
    const stock = kvSpace<number>(db, 'stock')
    await stock.set(['tea'], 10)
    expect(await db.actor(Clerk, 'c').move(['tea'], ['shop', 'tea'], 4)).toBe(10)
    await expect(db.actor(Clerk, 'c').move(['tea'], ['shop', 'tea'], 40)).rejects.toMatchObject({
      code: 'TRANSACTION_INVALID',
    })
    await db.transaction(async (tx) => {
      const kv = kvInTransaction(tx, stock)
      const [left = 0, none] = (await kv.getMany([['tea'], ['milk']])).map(({ value }) => value)
      expect([left, none]).toEqual([6, undefined])
      void tx.actor(Clerk, 'c').move(['tea'], ['cup'], left)
      kv.set(['x'], 1)
      kv.max(['x'], 2)
      kv.min(['y'], 2)
      kv.sum(['y'], 2)
      kv.delete(['shop', 'tea'])
      kv.deleteRange({ prefix: ['none'] })
    })
    expect((await stock.list({}).toArray()).map(({ key, value }) => [key, value].flat())).toEqual([
      ['cup', 6],
      ['tea', 0],
      ['x', 2],
      ['y', 4],
    ])
    expect(await db.actor(Clerk, 'c').total()).toBe(4)
    expect(await db.actor(Clerk, 'c').clear()).toBe(4)
    expect(await db.actor(Clerk, 'c').tidy()).toEqual(['xy', 3, 5, 2n, true, false, [5, undefined]])
  })
})

describe('expiry', () => {
  test('an entry is gone at its time, without anybody asking, and its key leaves the index', async () => {
    const kv = kvSpace<number>(db, 'space')
    await kv.set(['a'], 1, { expireIn: 1000 })
    await kv.set(['b'], 1, { expireIn: 1000 })
    await kv.sum(['b'], 1)
    await kv.set(['c'], 1, { expireIn: 1000 })
    await kv.set(['c'], 2)
    expect(await kv.get(['a'])).toMatchObject({ value: 1, expiresAt: expect.any(Number) })
    clock.advance(999)
    await kv.set(['t'], 0)
    expect((await kv.list({}).toArray()).map(({ key }) => key)).toEqual([['a'], ['b'], ['c'], ['t']])
    clock.advance(2)
    // A message behind the tick that the timers have brought about.
    expect(
      await kv
        .atomic()
        .check({ key: ['a'], exists: false }, { key: ['b'], exists: false })
        .set(['t'], 1)
        .commit(),
    ).toMatchObject({ ok: true })
    expect((await kv.list({}).toArray()).map(({ key, value }) => [key, value].flat())).toEqual([
      ['c', 2],
      ['t', 1],
    ])
    expect(await kv.sum(['a'], 5)).toMatchObject({ value: 5 })
    expect(await kv.get(['a'])).not.toHaveProperty('expiresAt')
  })
})
