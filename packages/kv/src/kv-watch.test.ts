// Watching keys, and reading them as they were. Goal: whoever applies batch after batch has what the space holds at each
// version, and a get or a list at a version answers what was there then. Method: random transactions against the model,
// which is asked at every version; then the single rules.

import { ManualClock, open, type Database } from '@streamy-db/runtime'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { textOfKey } from './key-text.ts'
import { kvActors } from './kv-actors.ts'
import type { KvEntry, KvResult } from './kv-entry.ts'
import type { KvWatchBatch } from './kv-watch.ts'
import { type Kv, kvSpace } from './kv.ts'

const START_MS = 1_700_000_000_000
let clock: ManualClock
let db: Database
let kv: Kv

beforeEach(async () => {
  clock = new ManualClock(START_MS)
  db = await open(':memory:', { actors: kvActors, clock })
  kv = kvSpace(db, 'space')
})

afterEach(async () => {
  await db.close()
})

describe('a watch', () => {
  test('begins with what is there, and tells of each transaction as one batch', async () => {
    await kv.set(['users', 1], 'Ada')
    const batches = kv.watch([
      ['users', 1],
      ['users', 2],
    ])
    expect((await next(batches)).snapshot).toBe(true)
    const { version } = (await kv.atomic().set(['users', 1], 'Ada L.').set(['users', 2], 'Bob').commit()) as {
      version: string
    }
    const both = await next(batches)
    expect(both).toMatchObject({ version, snapshot: false })
    expect(both.entries.map(({ key: [, n], value }) => `${String(n)} ${String(value)}`)).toEqual(['1 Ada L.', '2 Bob'])
    await kv.set(['users', 3], 'nobody asked')
    await kv.delete(['users', 2])
    expect((await next(batches)).entries).toEqual([{ key: ['users', 2], value: undefined, version: undefined }])
    await batches.return!()
  })

  test('goes on behind the version it is given, without a snapshot', async () => {
    const versions: string[] = []
    for (let n = 1; n <= 5; n++) versions.push((await kv.set(['n'], n)).version)
    for (const [index, from] of versions.entries()) {
      const rest = await take(kv.watch([['n']], { from }), 4 - index)
      expect(rest.map(({ version }) => version)).toEqual(versions.slice(index + 1))
      expect(rest.every(({ snapshot }) => !snapshot)).toBe(true)
    }
  })

  test('of a prefix sees what lies under it, of this space only', async () => {
    await kv.set(['users', 1], 'Ada')
    await kv.set(['users'], 'the prefix itself')
    const batches = kv.watch({ prefix: ['users'] })
    expect((await next(batches)).entries.map(({ key }) => key)).toEqual([['users', 1]])
    await kvSpace(db, 'other').set(['users', 9], 'elsewhere')
    await kv.set(['users'], 'again')
    await kv.set(['users', 2, 'x'], 'Bob')
    expect((await next(batches)).entries).toMatchObject([{ key: ['users', 2, 'x'], value: 'Bob' }])
    await batches.return!()
  })

  test('tells when an entry has expired', async () => {
    await kv.set(['a'], 1, { expireIn: 1000 })
    const batches = kv.watch([['a']])
    expect((await next(batches)).entries).toMatchObject([{ value: 1 }])
    clock.advance(2000)
    expect((await next(batches)).entries).toEqual([{ key: ['a'], value: undefined, version: undefined }])
    await batches.return!()
  })

  test('ends when its signal aborts while it waits', async () => {
    const aborting = new AbortController()
    const batches = kv.watch([['a']], { signal: aborting.signal })
    await next(batches)
    const waiting = batches.next()
    aborting.abort()
    expect(await waiting).toMatchObject({ done: true })
  })

  test('refuses what names no keys', () => {
    for (const bad of [[], ['a'], { perfix: ['a'] }, 'a'])
      expect(() => kv.watch(bad as unknown as [['a']])).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
    expect(() => kv.watch([['a']], { from: '12' })).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  })
})

const key = fc.constantFrom(['a'], ['a', 1], ['b', 'x'], ['c'])
const anyUpdate = fc.oneof(
  { weight: 3, arbitrary: fc.record({ set: key, value: fc.integer() }) },
  { weight: 1, arbitrary: fc.record({ delete: key }) },
  { weight: 1, arbitrary: fc.record({ deleteRange: fc.constantFrom({}, { prefix: ['a'] }) }) },
)

test('batches and reads of the past agree with what was written', { timeout: 120_000 }, async () => {
  let spaces = 0
  const property = fc.asyncProperty(fc.array(fc.array(anyUpdate, { minLength: 1, maxLength: 4 })), async (writes) => {
    const space = kvSpace(db, `space-${spaces++}`)
    const batches = space.watch({})
    await next(batches)
    const held: { readonly version: string; readonly entries: KvEntry[] }[] = []
    for (const updates of writes) {
      const result = await space.transact({ updates })
      if (result.ok) held.push({ version: result.version, entries: await space.list({}).toArray() })
    }
    await space.set(['z'], 'end')
    const seen = new Map<string, KvResult>()
    const told = await until(batches, ({ entries }) => entries.some(({ value }) => value === 'end'))
    for (const { version, entries } of held) {
      while (told.length > 0 && told[0]!.version <= version) apply(told.shift()!, seen)
      expect(sorted(seen)).toEqual(entries)
      expect(await space.list({}, { at: version }).toArray()).toEqual(entries)
      const keys = [['a'], ['a', 1], ['b', 'x'], ['c']]
      const found = new Map(entries.map((entry) => [textOfKey(entry.key), entry]))
      expect(await space.getMany(keys, { at: version })).toEqual(
        keys.map((each) => found.get(textOfKey(each)) ?? { key: each, value: undefined, version: undefined }),
      )
    }
  })
  await fc.assert(property, { numRuns: 40 })
})

test('a get answers as of a version, a position and a date', async () => {
  const { version } = await kv.set(['a'], 1)
  const { position } = db
  const date = new Date(START_MS)
  clock.advance(1000)
  await kv.set(['a'], 2)
  for (const at of [version, position, date]) expect(await kv.get(['a'], { at })).toMatchObject({ value: 1, version })
  expect(await kv.get(['a'], { at: new Date(START_MS - 1000) })).toMatchObject({ value: undefined })
  expect(await kv.get(['a'], { at: new Date(START_MS + 1000) })).toMatchObject({ value: 2 })
})

async function next(batches: AsyncIterator<KvWatchBatch>): Promise<KvWatchBatch> {
  const { done, value } = await batches.next()
  if (done === true) throw new Error('The watch has ended.')
  return value
}

async function take(batches: AsyncIterable<KvWatchBatch>, count: number): Promise<KvWatchBatch[]> {
  const taken: KvWatchBatch[] = []
  if (count === 0) return taken
  for await (const batch of batches) if (taken.push(batch) === count) break
  return taken
}

async function until(
  batches: AsyncIterable<KvWatchBatch>,
  isLast: (batch: KvWatchBatch) => boolean,
): Promise<KvWatchBatch[]> {
  const taken: KvWatchBatch[] = []
  for await (const batch of batches) {
    taken.push(batch)
    if (isLast(batch)) break
  }
  return taken
}

function apply({ entries }: KvWatchBatch, seen: Map<string, KvResult>): void {
  for (const entry of entries) {
    if (entry.version === undefined) seen.delete(textOfKey(entry.key))
    else seen.set(textOfKey(entry.key), entry)
  }
}

function sorted(seen: ReadonlyMap<string, KvResult>): KvResult[] {
  return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}
