// Datum: a value in the form in which it is stored, sent and compared. A scalar stands for itself; anything else is
// MessagePack bytes, so that no two actors, transactions or callers ever share a mutable object and so that "equal"
// means "equal bytes". `freeze` and `thaw` are the only doors between user values and the core.

import { Packr } from 'msgpackr'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'

/** A value that needs no copy: immutable and equal by `Object.is`. */
export type Scalar = undefined | null | boolean | number | bigint | string

/** A frozen object, array, `Map`, `Set`, `Date` or `Uint8Array`. */
export class Packed {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** A value in stored form. */
export type Datum = Scalar | Packed

// `moreTypes` keeps Map and Set apart from objects; inline records make equal values equal bytes in every process.
const packr = new Packr({ moreTypes: true, copyBuffers: true })

/**
 * Puts a user's value into stored form. `what` names the value in errors ("argument 1 of deposit").
 * Throws VALUE_NOT_ENCODABLE for what would not come back as it went in: functions, symbols, class instances, cycles,
 * `__proto__` keys, strings with lone surrogates; VALUE_TOO_LARGE above `limits.valueBytesMax`.
 */
export function freeze(value: unknown, what: string): Datum {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return value
    case 'bigint':
      return value
    case 'string':
      checkString(value, what)
      return value
    case 'object':
      return value === null ? null : freezeObject(value, what)
    default:
      throw notEncodable(what, `a ${typeof value}`)
  }
}

/** Gives back a fresh copy of the value that was frozen: what the holder does to it changes nothing else. */
export function thaw(datum: Datum): unknown {
  return datum instanceof Packed ? packr.unpack(datum.bytes) : datum
}

/** Whether two frozen values are the same value. */
export function sameDatum(a: Datum, b: Datum): boolean {
  if (a instanceof Packed && b instanceof Packed) return Buffer.compare(a.bytes, b.bytes) === 0
  return Object.is(a, b)
}

function freezeObject(value: object, what: string): Packed {
  checkEncodable(value, what, 0)
  const bytes = packr.pack(value)
  if (bytes.length > limits.valueBytesMax) throw tooLarge(what, bytes.length)
  return new Packed(Uint8Array.prototype.slice.call(bytes))
}

function checkString(value: string, what: string): void {
  if (value.length * 3 > limits.valueBytesMax && Buffer.byteLength(value) > limits.valueBytesMax)
    throw tooLarge(what, Buffer.byteLength(value))
  if (!value.isWellFormed()) throw notEncodable(what, 'a string with a lone surrogate')
}

// Depth stands in for a check for cycles: a cycle is infinitely deep.
function checkEncodable(value: unknown, what: string, depth: number): void {
  if (typeof value === 'string') return checkString(value, what)
  if (typeof value === 'function' || typeof value === 'symbol') throw notEncodable(what, `a ${typeof value}`)
  if (typeof value !== 'object' || value === null) return
  if (depth >= limits.valueDepthMax)
    throw notEncodable(what, `a cycle or more than ${limits.valueDepthMax} levels of nesting`)
  if (value instanceof Date || value instanceof Uint8Array) return
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) checkEncodable(item, what, depth + 1)
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      checkEncodable(key, what, depth + 1)
      checkEncodable(item, what, depth + 1)
    }
  } else checkPlainObject(value, what, depth)
}

function checkPlainObject(value: object, what: string, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw notEncodable(what, `an instance of ${value.constructor?.name ?? 'a class'}, which would lose its class`)
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw notEncodable(what, 'a key named __proto__')
    checkString(key, what)
    checkEncodable((value as Record<string, unknown>)[key], what, depth + 1)
  }
}

function notEncodable(what: string, found: string): StreamyError {
  return new StreamyError(
    'VALUE_NOT_ENCODABLE',
    `${what} holds ${found}. Use plain objects, arrays, Map, Set, Date, Uint8Array, bigint and scalars.`,
  )
}

function tooLarge(what: string, bytes: number): StreamyError {
  return new StreamyError(
    'VALUE_TOO_LARGE',
    `${what} has ${bytes} bytes, above the limit of ${limits.valueBytesMax}. Split it over several fields, calls or actors.`,
  )
}
