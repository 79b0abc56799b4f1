// Index key codec: values as bytes that sort as the values do, each value ending where its own bytes say so, so that
// keys of several fields are their fields' bytes one after another. Equal values have equal bytes: one numeric scale for
// numbers and bigints, -0 as 0, one NaN below all numbers, objects by their keys in order. Descending fields are inverted.
//
//   05 nothing: null, undefined, a missing field
//   10 number     f64 as sortable bits, of the greatest double that is not above it; 00, or 01 length rest
//   20 string     UTF-8, 00 as 00 01; 00 00                38 bytes      as a string
//   28 object     (01 key value)… 00, keys sorted          40 boolean    00 or 01
//   30 array      (01 value)… 00                           48 date       f64 as sortable bits of its milliseconds
//
// The order of the kinds is MongoDB's. Within a bigint below every double the rest is inverted, and 02 stands for 01.

import { isPlain, type Plain } from '../plain-object.ts'
import { documentLimits } from '../limits.ts'

/** First bytes of values, by kind. Ranges over one kind rest on there being nothing between a tag and the next. */
export const keyTags = {
  nothing: 0x05,
  number: 0x10,
  string: 0x20,
  object: 0x28,
  array: 0x30,
  bytes: 0x38,
  boolean: 0x40,
  date: 0x48,
} as const

/** A value that cannot be part of a key. */
export class KeyNotEncodable extends Error {}

const DOUBLE_MAX = BigInt(Number.MAX_VALUE)
const scratch = new DataView(new ArrayBuffer(8))

/** Appends the bytes of a value. Throws {@link KeyNotEncodable}. */
export function encodeKeyValue(out: number[], value: unknown): void {
  switch (typeof value) {
    case 'undefined':
      out.push(keyTags.nothing)
      return
    case 'number':
      out.push(keyTags.number)
      pushDouble(out, value)
      out.push(0)
      return
    case 'bigint':
      out.push(keyTags.number)
      pushBigint(out, value)
      return
    case 'string':
      out.push(keyTags.string)
      pushEscaped(out, Buffer.from(value, 'utf8'))
      return
    case 'boolean':
      out.push(keyTags.boolean, value ? 1 : 0)
      return
    case 'object':
      encodeObject(out, value)
      return
    default:
      throw new KeyNotEncodable(`a ${typeof value}`)
  }
}

/** The bytes of one value. Throws {@link KeyNotEncodable}. */
export function keyBytesOf(value: unknown): number[] {
  const out: number[] = []
  encodeKeyValue(out, value)
  return out
}

/** Turns the bytes of a field around, from `start` on, so that they sort the other way. */
export function invertBytes(out: number[], start: number): void {
  for (let index = start; index < out.length; index++) out[index] = 0xff - out[index]!
}

function encodeObject(out: number[], value: object | null): void {
  if (value === null) out.push(keyTags.nothing)
  else if (Array.isArray(value)) {
    out.push(keyTags.array)
    for (const item of value as readonly unknown[]) {
      out.push(1)
      encodeKeyValue(out, item)
    }
    out.push(0)
  } else if (value instanceof Date) {
    out.push(keyTags.date)
    pushDouble(out, value.getTime())
  } else if (value instanceof Uint8Array) {
    out.push(keyTags.bytes)
    pushEscaped(out, value)
  } else if (isPlain(value)) encodePlain(out, value)
  else throw new KeyNotEncodable('an instance of a class')
}

function encodePlain(out: number[], value: Plain): void {
  const keys = Object.keys(value).map((key) => ({ key, bytes: Buffer.from(key, 'utf8') }))
  keys.sort((a, b) => Buffer.compare(a.bytes, b.bytes))
  out.push(keyTags.object)
  for (const { key, bytes } of keys) {
    out.push(1)
    pushEscaped(out, bytes)
    encodeKeyValue(out, value[key])
  }
  out.push(0)
}

// The end is below every continuation, and no text is the beginning of another.
function pushEscaped(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) {
    out.push(byte)
    if (byte === 0) out.push(1)
  }
  out.push(0, 0)
}

// All bits of a negative number are inverted, of others the sign only. NaN is all zeros, below -Infinity.
function pushDouble(out: number[], value: number): void {
  if (Number.isNaN(value)) {
    out.push(0, 0, 0, 0, 0, 0, 0, 0)
    return
  }
  scratch.setFloat64(0, value === 0 ? 0 : value)
  const negative = scratch.getUint8(0) >= 0x80
  for (let index = 0; index < 8; index++) {
    const byte = scratch.getUint8(index)
    out.push(negative ? 0xff - byte : index === 0 ? byte + 0x80 : byte)
  }
}

function pushBigint(out: number[], value: bigint): void {
  if (value < -DOUBLE_MAX) {
    pushDouble(out, -Infinity)
    // Above -Infinity itself, which goes on with 00, and below the least double.
    out.push(2)
    const start = out.length
    pushMagnitude(out, -value)
    invertBytes(out, start)
    return
  }
  const double = doubleNotAbove(value)
  pushDouble(out, double)
  const rest = value - BigInt(double)
  if (rest === 0n) out.push(0)
  else {
    out.push(1)
    pushMagnitude(out, rest)
  }
}

function doubleNotAbove(value: bigint): number {
  if (value >= DOUBLE_MAX) return Number.MAX_VALUE
  const nearest = Number(value)
  return BigInt(nearest) <= value ? nearest : doubleBelow(nearest)
}

function doubleBelow(value: number): number {
  scratch.setFloat64(0, value)
  const bits = scratch.getBigInt64(0)
  scratch.setBigInt64(0, value > 0 ? bits - 1n : bits + 1n)
  return scratch.getFloat64(0)
}

// Longer is greater, so the length goes first.
function pushMagnitude(out: number[], value: bigint): void {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  if (bytes.length > documentLimits.bigintBytesMax)
    throw new KeyNotEncodable(`a bigint of more than ${documentLimits.bigintBytesMax} bytes`)
  out.push(bytes.length, ...bytes)
}
