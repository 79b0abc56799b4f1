// The key codec: every key comes back, and encodings sort as keys do. Random keys come from fast-check, which prints the
// seed of a failure.

import { StreamyError } from '@streamy-db/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOfText, keyOfText, textOfBytes, textOfKey } from './key-text.ts'
import type { KvKey, KvKeyPart } from './kv-key.ts'
import { kvLimits } from './limits.ts'
import { decodeTuple, encodeTuple } from './tuple-codec.ts'

const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_SAFE_INTEGER),
)
const near = fc
  .tuple(fc.nat(70), fc.integer({ min: -2, max: 2 }), fc.boolean())
  .map(([bytes, by, negative]) => (negative ? -1n : 1n) * (256n ** BigInt(bytes) + BigInt(by)))
const bigints = fc.oneof(fc.bigInt(), fc.bigInt({ min: -300n, max: 300n }), near)
// Short alphabets make prefixes, equal keys and embedded NULs likely; `grapheme` goes beyond the BMP.
const strings = fc.oneof(
  fc.string({
    unit: fc.constantFrom('\0', '\x01', '\x1e', '\x1f', 'a', '\x7f', '\xff', '\uffff', '\u{1f600}'),
    maxLength: 6,
  }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)
const bytes = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 0x1e, 0x1f, 0xfe, 0xff), { maxLength: 6 }).map((list) => Uint8Array.from(list)),
  fc.uint8Array({ maxLength: 12 }),
)
const parts: fc.Arbitrary<KvKeyPart> = fc.oneof(numbers, bigints, strings, bytes, fc.boolean())
const keys: fc.Arbitrary<KvKey> = fc.array(parts, { minLength: 1, maxLength: 4 })
const pairs = fc.oneof(
  fc.tuple(keys, keys),
  // One is a prefix of the other, or they part at the end.
  fc.tuple(keys, parts, parts).map(([key, a, b]): [KvKey, KvKey] => [
    [...key, a],
    [...key, b],
  ]),
  fc.tuple(keys, keys).map(([key, more]): [KvKey, KvKey] => [key, [...key, ...more]]),
)

test('every key comes back from its bytes and from its text', () => {
  fc.assert(
    fc.property(keys, (key) => {
      expect(decodeTuple(encodeTuple(key))).toStrictEqual(key)
      expect(keyOfText(textOfKey(key))).toStrictEqual(key)
      expect(textOfKey(key)).toBe(textOfBytes(encodeTuple(key)))
    }),
    { numRuns: 3000 },
  )
})

test('bytes sort as keys do, and text as bytes do, by units as well as by UTF-8', () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const order = Math.sign(compareKeys(a, b))
      expect(Buffer.compare(encodeTuple(a), encodeTuple(b))).toBe(order)
      const [textA, textB] = [textOfKey(a), textOfKey(b)]
      expect(textA < textB ? -1 : textA > textB ? 1 : 0).toBe(order)
      expect(Buffer.compare(Buffer.from(textA), Buffer.from(textB))).toBe(order)
    }),
    { numRuns: 5000 },
  )
})

test('any bytes come back from their text, which holds no NUL', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
      const text = textOfBytes(array)
      expect(text).not.toContain('\0')
      expect(bytesOfText(text)).toStrictEqual(array)
    }),
  )
})

test('bytes are the encoding of one key, or of none', () => {
  const sound = fc.tuple(keys, fc.nat(), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(sound, ([key, at, byte]) => {
      const encoded = Uint8Array.from(encodeTuple(key))
      encoded[at % encoded.length] = byte
      const decoded = decodedOrRefused(encoded)
      expect(decoded === 'KEY_INVALID' || Buffer.from(encodeTuple(decoded)).equals(encoded)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('the layout is that of FoundationDB tuples', () => {
  const hex = (...key: KvKey): string => Buffer.from(encodeTuple(key)).toString('hex')
  expect(hex('a\0b')).toBe('026100ff6200')
  expect(hex(Uint8Array.of(0, 1))).toBe('0100ff0100')
  expect(hex(0n, 1n, -1n, 256n, -256n)).toBe('14150113fe16010012feff')
  expect(hex(2n ** 64n)).toBe('1d09010000000000000000')
  expect(hex(-(2n ** 64n))).toBe('0bf6feffffffffffffffff')
  expect(hex(1, -1)).toBe('21bff000000000000021400fffffffffffff')
  expect(hex(NaN)).toBe('21fff8000000000000')
  expect(hex(false, true)).toBe('2627')
})

test('text is readable', () => {
  expect(textOfKey(['users', true])).toBe("\x03users\x01'")
})

test.each<[string, unknown, RegExp]>([
  ['no list', 'users', /is a string/],
  ['nothing', undefined, /is a undefined/],
  ['an empty one', [], /is empty/],
  ['null', ['a', null], /Part 2 of a key is null/],
  ['undefined', [undefined], /Part 1 of a key is undefined/],
  ['an object', [{}], /Part 1 of a key is an object/],
  ['a nested list', ['a', ['b']], /Part 2 of a key is a list/],
  ['a symbol', [Symbol('a')], /Part 1 of a key is a symbol/],
  ['a function', [() => 1], /Part 1 of a key is a function/],
  ['a date', [new Date(0)], /Part 1 of a key is an object/],
  ['a lone surrogate', ['\ud800'], /lone surrogate/],
  ['a huge bigint', [256n ** 255n], /bigint of 256 bytes/],
  ['too many parts', Array.from({ length: 257 }, () => true), /257 parts/],
  ['too long a text', ['a'.repeat(2048)], /2050 bytes/],
  ['what is too long only as text', [new Uint8Array(2040).fill(0xff)], /as text/],
])('a key is refused: %s', (_, key, message) => {
  // What plain JavaScript may pass.
  const attempt = (): unknown => textOfKey(key as KvKey)
  expect(attempt).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  expect(attempt).toThrow(message)
})

test('the longest keys fit, whatever their bytes', () => {
  expect(textOfKey(['a'.repeat(kvLimits.keyBytesMax - 2)])).toHaveLength(kvLimits.keyBytesMax)
  for (const byte of [0x01, 0x1e, 0x1f, 0x80, 0xff])
    expect(keyOfText(textOfKey([new Uint8Array(1998).fill(byte)]))).toStrictEqual([new Uint8Array(1998).fill(byte)])
})

test.each([
  '03',
  '0261',
  '21',
  '21bff00000000000',
  '1500',
  '1d00',
  '0bff',
  '1d01ff',
  '1d08ffffffffffffffff',
  '0bfe00',
  '02ff00',
  '21fff8000000000001',
])('bytes that encode no key are refused: %s', (hex) => {
  expect(() => decodeTuple(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
})

function decodedOrRefused(encoded: Uint8Array): KvKey | 'KEY_INVALID' {
  try {
    return decodeTuple(encoded)
  } catch (error) {
    if (error instanceof StreamyError && error.code === 'KEY_INVALID') return error.code
    throw error
  }
}

const ranks = [Uint8Array, 'string', 'bigint', 'number', 'boolean']

function compareKeys(a: KvKey, b: KvKey): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compareParts(a[index]!, b[index]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareParts(a: KvKeyPart, b: KvKeyPart): number {
  const rank = (part: KvKeyPart): number => ranks.indexOf(part instanceof Uint8Array ? Uint8Array : typeof part)
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (typeof a === 'number') return compareNumbers(a, b as number)
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNumbers(a: number, b: number): number {
  if (Object.is(a, b)) return 0
  if (Number.isNaN(a)) return 1
  if (Number.isNaN(b)) return -1
  if (a === b) return Object.is(a, -0) ? -1 : 1
  return a - b
}
