// Reads of ranges of encoded keys. Goal: they answer what a list of the same keys does, wherever in a key a bound lies, and all
// ranges are of one moment. Method: against a filter over all entries; then the bounds that clients of KV Connect send.

import { ManualClock, open, type Database } from '@streamy-db/runtime'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ByteRange, readByteRanges } from './byte-ranges.ts'
import { kvActors } from './kv-actors.ts'
import { type Kv, kvSpace } from './kv.ts'
import { encodeTuple } from './tuple-codec.ts'

const keys = [['a'], ['a', 1], ['a', 2], ['ab'], ['b', ''], ['b', 'x', true], [1n], [Uint8Array.of(0)]]
let clock: ManualClock
let db: Database
let kv: Kv

beforeEach(async () => {
  clock = new ManualClock(1_700_000_000_000)
  db = await open(':memory:', { actors: kvActors, clock })
  kv = kvSpace(db, 'space')
  await kv.transact({ updates: keys.map((key, value) => ({ set: key, value })) })
})
afterEach(() => db.close())

const bound = fc.oneof(
  fc.constantFrom(...keys).map(encodeTuple),
  fc
    .constantFrom(...keys)
    .chain((key) => fc.nat(encodeTuple(key).length).map((end) => encodeTuple(key).subarray(0, end))),
  fc.uint8Array({ maxLength: 4 }),
)
const anyRange = fc.record({ start: bound, end: bound, limit: fc.integer({ min: 0, max: 9 }), reverse: fc.boolean() })

test('they answer what lies between the bytes', async () => {
  const all = (await kv.list({}).toArray()).map(({ key, value, version }) => ({
    key: encodeTuple(key),
    value,
    version,
  }))
  const expected = ({ start, end, limit, reverse }: ByteRange) => {
    const within = all.filter(({ key }) => Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0)
    return (reverse ? within.toReversed() : within).slice(0, limit)
  }
  const property = fc.asyncProperty(fc.array(anyRange, { maxLength: 4 }), async (ranges) => {
    const read = await readByteRanges(db, 'space', ranges)
    expect(read.map((entries) => entries.map(({ value }) => value))).toEqual(
      ranges.map((range) => expected(range).map(({ value }) => value)),
    )
  })
  await expect(fc.assert(property, { numRuns: 300 })).resolves.toBeUndefined()
})

test('one key is asked for as the first of a range', async () => {
  const start = encodeTuple(['a', 1])
  for (const end of [Uint8Array.of(0xff), Uint8Array.of(...start, 0xff), Uint8Array.of(...start, 0)]) {
    const [[entry] = []] = await readByteRanges(db, 'space', [{ start, end, limit: 1, reverse: false }])
    expect(entry).toMatchObject({ key: Uint8Array.from(start), value: 1 })
  }
})

test('an entry that has expired is not among them', async () => {
  await kv.set(['a', 1], 'short', { expireIn: 10 })
  clock.advance(20)
  await kv.set(['tick'], 1)
  const range = { start: encodeTuple(['a']), end: encodeTuple(['ab']), limit: 9, reverse: false }
  const [entries = []] = await readByteRanges(db, 'space', [range])
  expect(entries.map(({ value }) => value)).toEqual([0, 2])
})

test('a set says whether it has created the entry', async () => {
  expect((await kv.set(['new'], 1)).created).toBe(true)
  expect((await kv.set(['new'], 2, { expireIn: 10 })).created).toBe(false)
  clock.advance(20)
  expect((await kv.set(['new'], 3)).created).toBe(true)
  await kv.delete(['new'])
  expect((await kv.set(['new'], 4)).created).toBe(true)
})
