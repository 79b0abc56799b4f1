// The form of the state: what goes in comes out, keys sort as what they stand for, the hash is that of the entries and
// not of their order, and what does not parse is refused.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ActorRecord, ActorValue } from './actor-record.ts'
import { limits } from './limits.ts'
import {
  StateHash,
  decodeActorRecord,
  decodeOutboxRecord,
  decodeProgress,
  decodeRequestRecord,
  decodeSession,
  encodeActorRecord,
  encodeOutboxRecord,
  encodeProgress,
  encodeRequestRecord,
  encodeSession,
  keyPrefixes,
  partitionPrefix,
  requestKey,
  sortableNumber,
  stateVersion,
} from './state-format.ts'
import { anyDatum, anyOutcome, anyTransaction } from './testing/any-transaction.ts'
import { faultsByDamage } from './testing/damage.ts'
import { ToyProgram } from './testing/toy-program.ts'
import { scriptCall, toyRef } from './testing/toy-script.ts'
import { request, toyTransaction } from './testing/toy-transactions.ts'

const program = new ToyProgram()
const ref = toyRef('a')
const number = fc.maxSafeNat()
const timer = fc.record({
  position: number,
  ordinal: number,
  due: number,
  message: fc.string({ unit: 'grapheme' }),
  args: fc.array(anyDatum),
})
const value = fc
  .record({ count: fc.integer(), items: fc.array(anyDatum, { maxLength: 3 }) })
  .map((toy) => toy as unknown as ActorValue)
const actorRecord: fc.Arbitrary<ActorRecord> = fc.record({
  version: number,
  value,
  timers: fc.array(timer, { maxLength: 3 }),
})

describe('what the state holds', () => {
  it.each<[string, fc.Arbitrary<unknown>, (value: never) => Uint8Array, (bytes: Uint8Array) => unknown]>([
    [
      'actors',
      actorRecord,
      (record: ActorRecord) => encodeActorRecord(program, ref, record),
      (bytes) => decodeActorRecord(program, ref, bytes),
    ],
    [
      'sessions',
      fc.record({ generation: number, lastSeen: number, answeredBelow: number }),
      encodeSession,
      decodeSession,
    ],
    [
      'answers',
      fc.record({ kind: fc.constant('done'), generation: number, outcome: anyOutcome }),
      encodeRequestRecord,
      decodeRequestRecord,
    ],
    [
      'retries',
      fc.record({ kind: fc.constant('retry'), generation: number, next: anyTransaction }),
      encodeRequestRecord,
      decodeRequestRecord,
    ],
    ['tells', fc.record({ next: anyTransaction }), encodeOutboxRecord, decodeOutboxRecord],
    [
      'progress',
      fc.record({ sequence: number, logTime: number, logHash: fc.nat(0xffffffff) }),
      encodeProgress,
      decodeProgress,
    ],
  ])(
    'comes back as it went in, and damage is refused or exactly something else: %s',
    (_, arbitrary, encode, decode) => {
      fc.assert(
        fc.property(arbitrary, (given) => {
          expect(decode(encode(given as never))).toEqual(given)
        }),
      )
      const trip = (bytes: Uint8Array): Uint8Array => encode(decode(bytes) as never)
      for (const given of fc.sample(arbitrary, { seed: 1, numRuns: 3 }))
        expect(faultsByDamage(encode(given as never), trip)).toEqual([])
    },
  )

  it.each([0, stateVersion + 1, 255])('is refused as a whole when its version is %i', (version) => {
    const bytes = encodeProgress({ sequence: 1, logTime: 2, logHash: 3 })
    bytes[0] = version
    expect(() => decodeProgress(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }))
  })
})

describe('keys', () => {
  it('sort as the numbers in them do', () => {
    const ascending = [0, 1, 15, 16, 255, 4096, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]
    const texts = ascending.map(sortableNumber)
    expect([...texts].sort()).toEqual(texts)
    expect(new Set(texts.map(({ length }) => length)).size).toBe(1)
  })

  it('of one partition lie under its prefix, and of no other', () => {
    const prefixes = [0, 1, 16, 255, 65_535].map((partition) => partitionPrefix(keyPrefixes.actor, partition))
    for (const prefix of prefixes) expect(prefixes.filter((other) => other.startsWith(prefix))).toHaveLength(1)
  })

  it('fit a store, however long the names in them', () => {
    const longest = request(Number.MAX_SAFE_INTEGER, {
      session: 's'.repeat(limits.nameBytesMax),
      suffix: 'x'.repeat(limits.suffixBytesMax),
    })
    expect((partitionPrefix(keyPrefixes.request, 0) + requestKey(longest)).length).toBeLessThanOrEqual(
      limits.storeKeyBytesMax,
    )
    const actor = `${'t'.repeat(limits.nameBytesMax)}/${'k'.repeat(limits.keyBytesMax)}`
    const due = `${partitionPrefix(keyPrefixes.timer, 0)}${sortableNumber(1)}/${actor}`
    expect(due.length).toBeLessThanOrEqual(limits.storeKeyBytesMax)
    expect(`${actor}.${sortableNumber(1)}.1.${65_536 * 1024}`.length).toBeLessThanOrEqual(limits.suffixBytesMax)
  })

  it('tell requests apart', () => {
    const requests = [request(1), request(2), request(1, { suffix: '2' }), request(1, { session: 'b' })]
    expect(new Set(requests.map(requestKey)).size).toBe(4)
  })
})

describe('the hash', () => {
  const entries: [string, Uint8Array][] = [
    ['a', Uint8Array.of(1)],
    ['b', Uint8Array.of(2)],
    ['ab', Uint8Array.of()],
  ]
  const hashOf = (list: readonly [string, Uint8Array][], logTime = 5): string => {
    const hash = new StateHash()
    for (const [key, bytes] of list) hash.add(key, bytes)
    return hash.digest(logTime)
  }

  it('is that of the entries in any order, and of the log time', () => {
    expect(hashOf(entries.toReversed())).toBe(hashOf(entries))
    const others = [
      hashOf(entries),
      hashOf(entries, 6),
      hashOf(entries.slice(1)),
      hashOf([]),
      hashOf([...entries, entries[0]!]),
    ]
    others.push(hashOf([['a', Uint8Array.of(2)], ['b', Uint8Array.of(1)], entries[2]!]))
    expect(new Set(others).size).toBe(6)
  })

  it('keeps keys and values apart', () => {
    expect(hashOf([['a', Buffer.from('bc')]])).not.toBe(hashOf([['ab', Buffer.from('c')]]))
  })
})

it('a request that was answered holds no more than its outcome and where it came to it', () => {
  const outcome = { kind: 'committed', results: [1] } as const
  const done = encodeRequestRecord({ kind: 'done', generation: 1, position: 5, outcome })
  const retry = encodeRequestRecord({ kind: 'retry', generation: 1, next: toyTransaction(1, [scriptCall('a', [])]) })
  expect(done).toHaveLength(7)
  expect(done[0]).not.toBe(retry[0])
})
