// The tuple codec: keys as bytes whose order is the order of the keys, in FoundationDB's tuple layout, as Deno KV uses
// it too: a number is a double and a bigint an integer, so both come back as they went in.
//
//   bytes   01 … 00    each 00 inside as 00 FF
//   string  02 … 00    UTF-8, each 00 inside as 00 FF
//   bigint  0B len … | 0C … 13 | 14 | 15 … 1C … | 1D len …    fewer bytes first when positive, more when negative
//   number  21 and 8 bytes: IEEE 754 with its sign bit flipped, or all bits when it is negative
//   boolean 26 false, 27 true
//
// T1 Encoding and decoding are inverse: one key has one encoding, and other bytes are refused.
// T2 Encodings compare, byte by byte, as the keys do: by part, then the shorter key first. -0 sorts before 0, NaN last.

import { StreamyError } from '@streamy-db/core'
import type { KvKey, KvKeyPart } from './kv-key.ts'
import { kvLimits } from './limits.ts'

const BYTES = 0x01
const STRING = 0x02
const NEGATIVE_LONG = 0x0b
const ZERO = 0x14
const POSITIVE_LONG = 0x1d
const DOUBLE = 0x21
const FALSE = 0x26
const TRUE = 0x27
const SHORT_BYTES_MAX = 8
const NAN_BITS = 0x7ff8000000000000n
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The encoding of a key. Throws KEY_INVALID, naming the part that cannot be one. */
export function encodeTuple(key: KvKey): Uint8Array {
  checkKey(key)
  const encoded = Buffer.concat(key.map(encodePart))
  if (encoded.length > kvLimits.keyBytesMax) throw keyTooLarge(encoded.length)
  return encoded
}

/** The key whose encoding this is. Throws KEY_INVALID for bytes that `encodeTuple` never makes. */
export function decodeTuple(bytes: Uint8Array): KvKeyPart[] {
  const reader: Reader = { bytes, offset: 0 }
  const key: KvKeyPart[] = []
  while (reader.offset < bytes.length) key.push(decodePart(reader))
  checkKey(key)
  if (bytes.length > kvLimits.keyBytesMax) throw keyTooLarge(bytes.length)
  return key
}

/** Throws KEY_INVALID unless it is a list of a sound length; its parts are checked as they are encoded. */
export function checkKey(key: unknown): asserts key is KvKey {
  if (!Array.isArray(key))
    throw keyInvalid(`is ${typeof key === 'object' ? 'no list' : `a ${typeof key}`}`, "Pass a list: ['users', 42].")
  if (key.length > kvLimits.keyPartsMax)
    throw keyInvalid(`has ${key.length} parts, above the limit of ${kvLimits.keyPartsMax}`, 'Put parts together.')
}

/** The encoding of one part; `index` is for the error. Throws KEY_INVALID. */
export function encodePart(part: KvKeyPart, index: number): Uint8Array {
  switch (typeof part) {
    case 'string':
      if (!part.isWellFormed()) throw partInvalid(index, 'holds a lone surrogate', 'Use well-formed text, or bytes.')
      return terminated(STRING, Buffer.from(part))
    case 'number':
      return encodeDouble(part)
    case 'bigint':
      return encodeBigint(part, index)
    case 'boolean':
      return Uint8Array.of(part ? TRUE : FALSE)
    default:
      if (part instanceof Uint8Array) return terminated(BYTES, part)
      throw partInvalid(index, `is ${describe(part)}`, 'Parts are strings, numbers, bigints, booleans and Uint8Arrays.')
  }
}

function terminated(tag: number, content: Uint8Array): Uint8Array {
  const zeros = content.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0)
  const encoded = new Uint8Array(content.length + zeros + 2)
  encoded[0] = tag
  let offset = 1
  for (const byte of content) {
    encoded[offset++] = byte
    if (byte === 0) encoded[offset++] = 0xff
  }
  return encoded
}

// One double at a time: a key of numbers is encoded for every call.
const scratch = new Uint8Array(8)
const scratchView = new DataView(scratch.buffer)

function encodeDouble(value: number): Uint8Array {
  // A NaN has bits of its own here: what the processor made of it must not decide which key it is.
  if (Number.isNaN(value)) scratchView.setBigUint64(0, NAN_BITS)
  else scratchView.setFloat64(0, value)
  flip(scratch[0]! >= 0x80)
  const encoded = new Uint8Array(9)
  encoded[0] = DOUBLE
  encoded.set(scratch, 1)
  return encoded
}

function encodeBigint(value: bigint, index: number): Uint8Array {
  const negative = value < 0n
  const magnitude = magnitudeOf(negative ? -value : value)
  const { length } = magnitude
  if (length > kvLimits.bigintBytesMax)
    throw partInvalid(
      index,
      `is a bigint of ${length} bytes, above the limit of ${kvLimits.bigintBytesMax}`,
      'Shorten it.',
    )
  const head = headOf(negative, length)
  return Uint8Array.from([...head, ...magnitude.map((byte) => (negative ? byte ^ 0xff : byte))])
}

// Without leading zeros; none at all for zero.
function magnitudeOf(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

function headOf(negative: boolean, length: number): readonly number[] {
  if (length <= SHORT_BYTES_MAX) return [negative ? ZERO - length : ZERO + length]
  return negative ? [NEGATIVE_LONG, length ^ 0xff] : [POSITIVE_LONG, length]
}

interface Reader {
  readonly bytes: Uint8Array
  offset: number
}

function decodePart(reader: Reader): KvKeyPart {
  const tag = reader.bytes[reader.offset++]!
  if (tag === BYTES) return Uint8Array.from(unterminated(reader))
  if (tag === STRING) return textOf(unterminated(reader))
  if (tag >= NEGATIVE_LONG && tag <= POSITIVE_LONG) return decodeBigint(reader, tag)
  if (tag === DOUBLE) return decodeDouble(reader)
  if (tag === FALSE) return false
  if (tag === TRUE) return true
  throw malformed(`has the unknown type ${tag}`)
}

function unterminated(reader: Reader): Uint8Array {
  const { bytes, offset } = reader
  let end = bytes.indexOf(0, offset)
  let zeros = 0
  for (; end >= 0 && bytes[end + 1] === 0xff; end = bytes.indexOf(0, end + 2)) zeros += 1
  if (end < 0) throw malformed('ends in the middle of a part')
  const content = take(reader, end - offset)
  reader.offset += 1
  return zeros === 0 ? content : unescaped(content, zeros)
}

// Without the byte behind each zero, which only says that the zero belongs to the content.
function unescaped(content: Uint8Array, zeros: number): Uint8Array {
  const plain = new Uint8Array(content.length - zeros)
  for (let from = 0, to = 0; from < content.length; from += content[from] === 0 ? 2 : 1) plain[to++] = content[from]!
  return plain
}

function textOf(content: Uint8Array): string {
  try {
    return utf8.decode(content)
  } catch {
    throw malformed('has a string that is no UTF-8')
  }
}

function decodeBigint(reader: Reader, tag: number): bigint {
  const negative = tag < ZERO
  const long = tag === NEGATIVE_LONG || tag === POSITIVE_LONG
  const length = long ? lengthOf(reader, negative) : Math.abs(tag - ZERO)
  if (long && length <= SHORT_BYTES_MAX) throw malformed('has a bigint in a longer form than it needs')
  if (length === 0) return 0n
  const magnitude = take(reader, length).map((byte) => (negative ? byte ^ 0xff : byte))
  if (magnitude[0] === 0) throw malformed('has a bigint with leading zeros')
  const value = BigInt(`0x${Buffer.from(magnitude).toString('hex')}`)
  return negative ? -value : value
}

function lengthOf(reader: Reader, negative: boolean): number {
  const [length] = take(reader, 1)
  return negative ? length! ^ 0xff : length!
}

function decodeDouble(reader: Reader): number {
  scratch.set(take(reader, 8))
  flip(scratch[0]! < 0x80)
  const value = scratchView.getFloat64(0)
  if (Number.isNaN(value) && scratchView.getBigUint64(0) !== NAN_BITS) throw malformed('has a NaN with bits of its own')
  return value
}

// The sign bit in the scratch, or all of its bits.
function flip(all: boolean): void {
  if (all) for (let index = 0; index < scratch.length; index++) scratch[index]! ^= 0xff
  else scratch[0]! ^= 0x80
}

function take(reader: Reader, length: number): Uint8Array {
  const { bytes, offset } = reader
  if (offset + length > bytes.length) throw malformed('ends in the middle of a part')
  reader.offset += length
  return bytes.subarray(offset, offset + length)
}

function describe(part: unknown): string {
  if (part === null || part === undefined) return String(part)
  return Array.isArray(part) ? 'a list' : typeof part === 'object' ? 'an object' : `a ${typeof part}`
}

/** The error for a key that cannot be one. */
export function keyInvalid(problem: string, advice: string): StreamyError {
  return new StreamyError('KEY_INVALID', `A key ${problem}. ${advice}`)
}

function partInvalid(index: number, problem: string, advice: string): StreamyError {
  return new StreamyError('KEY_INVALID', `Part ${index + 1} of a key ${problem}. ${advice}`)
}

function malformed(problem: string): StreamyError {
  return keyInvalid(`in encoded form ${problem}`, 'Encode keys as FoundationDB tuples, in the shortest form.')
}

/** The error for a key above the limit. */
export function keyTooLarge(bytes: number): StreamyError {
  return keyInvalid(`has ${bytes} bytes, above the limit of ${kvLimits.keyBytesMax}`, 'Use a hash of its long parts.')
}
