// The form of a transaction: what goes in comes out, and what parses is exactly what encoding would have made, so
// that every worker finds the same transaction in the same bytes, or none.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { limits } from './limits.ts'
import { anyTransaction } from './testing/any-transaction.ts'
import { faultIn, faultsByDamage } from './testing/damage.ts'
import { scriptCall, toyRef } from './testing/toy-script.ts'
import { request, toyTransaction } from './testing/toy-transactions.ts'
import { decodeTransaction, encodeTransaction } from './transaction-codec.ts'
import { actorRef, type Transaction } from './transaction.ts'

const whole: Transaction = {
  request: request(7, { suffix: 'toy/a.0001.3', answeredBelow: 5, seenTime: 1_700_000_000_000_000 }),
  attempt: 2,
  source: 3,
  asserts: [
    { ref: toyRef('a'), version: undefined },
    { ref: toyRef('ä'), version: 4097 },
  ],
  calls: [
    scriptCall('a', [['add', 1]]),
    { ...scriptCall('b', []), args: [1, -1, 0.5, 'x', 5n, null, undefined, true] },
  ],
  touches: [
    { ref: toyRef('c'), mode: 'read' },
    { ref: toyRef('d'), mode: 'write' },
  ],
}

describe('a transaction', () => {
  it('comes back as it went in', () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const decoded = decode(encode(transaction))
        expect(decoded).toEqual(transaction)
        expect(encode(decoded)).toEqual(encode(transaction))
      }),
      { numRuns: 150 },
    )
  })

  it('with any byte changed, or cut off, is void or exactly another one', () => {
    for (const transaction of [whole, toyTransaction(undefined, [scriptCall('a', [])])])
      expect(faultsByDamage(encode(transaction), trip)).toEqual([])
  })

  it('is void or exact, whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(faultIn(bytes, trip)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('at all its limits at once comes back too', () => {
    const longest = actorRef('t'.repeat(limits.nameBytesMax), 'k'.repeat(limits.keyBytesMax))
    const transaction: Transaction = {
      ...whole,
      request: request(Number.MAX_SAFE_INTEGER, {
        session: 's'.repeat(limits.nameBytesMax),
        suffix: 'x'.repeat(limits.suffixBytesMax),
      }),
      calls: many(limits.callsPerTransactionMax, { ...scriptCall('a', []), args: [] }),
      asserts: [{ ref: longest, version: Number.MAX_SAFE_INTEGER }],
      touches: many(limits.touchesPerTransactionMax, {
        ref: toyRef('t'),
        mode: 'read',
      }),
    }
    expect(decode(encode(transaction))).toStrictEqual(transaction)
  })
})

describe('a transaction is void', () => {
  const small = toyTransaction(1, [scriptCall('a', [])])
  const call = small.calls[0]!
  it.each<[string, Partial<Transaction>]>([
    ['without calls', { calls: [] }],
    ['with too many calls', { calls: many(limits.callsPerTransactionMax + 1, call) }],
    [
      'with too many asserts',
      {
        asserts: many(limits.assertsPerTransactionMax + 1, {
          ref: toyRef('a'),
          version: 1,
        }),
      },
    ],
    [
      'with too many touches',
      {
        touches: many(limits.touchesPerTransactionMax + 5, {
          ref: toyRef('a'),
          mode: 'read',
        }),
      },
    ],
    ['of a fifth attempt', { attempt: limits.exclusiveAttempt + 1 }],
    ['with a session that has no name', { request: request(1, { session: '' }) }],
    ['with a session whose name has a slash', { request: request(1, { session: 'a/b' }) }],
    [
      'with a session whose name is too long',
      { request: request(1, { session: 's'.repeat(limits.nameBytesMax + 1) }) },
    ],
    [
      'with a session whose name is too long in bytes',
      { request: request(1, { session: 'ä'.repeat(limits.nameBytesMax / 2 + 1) }) },
    ],
    [
      'with a suffix that is too long for a store',
      { request: request(1, { suffix: 'x'.repeat(limits.suffixBytesMax + 1) }) },
    ],
    ['with a suffix that holds a NUL', { request: request(1, { suffix: '\0' }) }],
    ['with an empty key', { calls: [{ ...call, ref: toyRef('') }] }],
    ['with a key that is too long', { calls: [{ ...call, ref: toyRef('k'.repeat(limits.keyBytesMax + 1)) }] }],
    ['with a key that holds a NUL', { calls: [{ ...call, ref: toyRef('a\0') }] }],
    ['with a type that has no name', { calls: [{ ...call, ref: actorRef('', 'a') }] }],
    ['with a type whose name has a slash', { calls: [{ ...call, ref: actorRef('a/b', 'a') }] }],
    ['with a message that has no name', { calls: [{ ...call, message: '' }] }],
    ['with a message whose name is too long', { calls: [{ ...call, message: 'm'.repeat(limits.nameBytesMax + 1) }] }],
  ])('%s', (_, change) => {
    expect(() => decode(encode({ ...small, ...change }))).toThrow(MalformedBytes)
    expect(decode(encode(small))).toStrictEqual(small)
  })

  it.each<[string, readonly number[]]>([
    ['with unknown flags', [32, 1]],
    ['with the attempt 1 written out', [2, 1, 1]],
    ['with an empty list of asserts', [8, 0, 1]],
    ['with an empty list of touches', [16, 0, 1]],
    ['that claims more calls than it has bytes', [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['that claims a longer text than it has bytes', [0, 1, 0xff, 0xff, 0xff, 0x7f, 0x61]],
    ['with an integer that is not safe', [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['with an integer without an end', [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['of nothing', []],
  ])('%s', (_, bytes) => {
    expect(() => decode(Uint8Array.from(bytes))).toThrow(MalformedBytes)
  })
})

function encode(transaction: Transaction): Uint8Array {
  const out = new ByteWriter()
  encodeTransaction(out, transaction)
  return out.take()
}

function decode(bytes: Uint8Array): Transaction {
  return decodeTransaction(new ByteReader(bytes))
}

function trip(bytes: Uint8Array): Uint8Array {
  return encode(decode(bytes))
}

function many<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item)
}
