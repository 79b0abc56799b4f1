// Keys of indexes sort as values do, and equal values have equal keys: against an order that is spelt out by hand, against
// `compareValues`, and, for what JavaScript can order itself, against that.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareValues } from './compare-values.ts'
import { encodeKeyValue, invertBytes, keyBytesOf, KeyNotEncodable } from './index-key-codec.ts'
import { decodeKeyValue } from './index-key-decoder.ts'

const compareKeys = (a: readonly number[], b: readonly number[]): number =>
  Math.sign(Buffer.compare(Uint8Array.from(a), Uint8Array.from(b)))

function keyOf(values: readonly unknown[], descending: boolean): number[] {
  const out: number[] = []
  for (const value of values) {
    const start = out.length
    encodeKeyValue(out, value)
    if (descending) invertBytes(out, start)
  }
  return out
}

const scalars = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    5e-324,
  ),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.integer({ min: -1100, max: 1100 }).chain((bits) => fc.constantFrom(...around(bits))),
  fc.string({ unit: 'binary', maxLength: 4 }).filter((text) => text.isWellFormed()),
  fc.constantFrom('', '\0', '\0\0', 'a', 'a\0', '\u{ffff}', '\u{10000}', '\u{1f600}', '\u{d7ff}', '\u{e000}'),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 4 }),
)
const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '\u{1f600}', '\u{ffff}'), tie('value'), { maxKeys: 3 }),
  ),
})).value

// Numbers and bigints next to a power of two, where doubles grow coarse.
function around(bits: number): [unknown, ...unknown[]] {
  const power = 2n ** BigInt(Math.abs(bits))
  const signed = bits < 0 ? -power : power
  return [signed, signed + 1n, signed - 1n, Number(signed), Number(signed) * 1.5]
}

test('the order is the one that is documented', () => {
  const ascending = [
    null,
    NaN,
    -Infinity,
    -(2n ** 1100n),
    -Number.MAX_VALUE,
    -(2n ** 60n) - 1n,
    -(2 ** 60),
    -2,
    -1.5,
    -5e-324,
    0,
    5e-324,
    1,
    2 ** 53,
    2n ** 53n + 1n,
    2 ** 60,
    2n ** 60n + 1n,
    Number.MAX_VALUE,
    2n ** 1100n,
    Infinity,
    '',
    '\0',
    '\0a',
    'a',
    'a\0',
    'ab',
    'é',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffff}',
    '\u{10000}',
    {},
    { a: 1 },
    { a: 1, b: 1 },
    { b: 0 },
    [],
    [null],
    [1],
    [1, 1],
    [[]],
    Uint8Array.of(),
    Uint8Array.of(0),
    Uint8Array.of(0, 0),
    Uint8Array.of(255),
    false,
    true,
    new Date(-1),
    new Date(0),
  ]
  for (const [place, a] of ascending.entries())
    for (const [other, b] of ascending.entries()) {
      expect(Math.sign(compareValues(a, b))).toBe(Math.sign(place - other))
      expect(compareKeys(keyBytesOf(a), keyBytesOf(b))).toBe(Math.sign(place - other))
    }
})

test.each([
  [-0, 0],
  [1, 1n],
  [2 ** 60, 2n ** 60n],
  [undefined, null],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [{ a: -0 }, { a: 0n }],
  [Buffer.of(1), Uint8Array.of(1)],
])('%o and %o are the same value', (a, b) => {
  expect(compareValues(a, b)).toBe(0)
  expect(keyBytesOf(a)).toEqual(keyBytesOf(b))
})

test('keys of several fields sort as the fields do, in either direction', () => {
  const keys = fc.array(fc.tuple(values, values), { minLength: 2, maxLength: 2 })
  fc.assert(
    fc.property(keys, ([a, b]) => {
      const order = Math.sign(compareValues(a![0], b![0]) || compareValues(a![1], b![1]))
      expect(compareKeys(keyOf(a!, false), keyOf(b!, false))).toBe(order)
      expect(compareKeys(keyOf(a!, true), keyOf(b!, true))).toBe(order === 0 ? 0 : -order)
    }),
    { numRuns: 3000 },
  )
})

test('no key is the beginning of another', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [key, other] = [keyBytesOf(a), keyBytesOf(b)]
      const begins = key.length < other.length && other.slice(0, key.length).every((byte, at) => byte === key[at])
      expect(begins).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

test('ids come back from their keys', () => {
  fc.assert(
    fc.property(
      scalars.filter((value) => value !== null && !Number.isNaN(value)),
      (value) => {
        const decoded = decodeKeyValue(Uint8Array.from([...keyBytesOf(value), ...keyBytesOf('behind')]))
        expect(compareValues(decoded, value)).toBe(0)
      },
    ),
    { numRuns: 2000 },
  )
})

test('what has no order is refused', () => {
  for (const value of [() => 0, Symbol('a'), new Map(), 2n ** 3000n, [new Set()]])
    expect(() => keyBytesOf(value)).toThrow(KeyNotEncodable)
})
