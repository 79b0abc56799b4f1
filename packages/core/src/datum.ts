// Datum: a value in the form in which it is stored, sent and compared. A scalar stands for itself; anything else is
// bytes (value-codec.ts), so that no two actors, transactions or callers ever share a mutable object and so that
// "equal" means "equal bytes". `freeze` and `thaw` are the only doors between user values and the core.

import { MalformedBytes } from './byte-reader.ts'
import { ByteSlab } from './byte-slab.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { Packed } from './packed.ts'
import type { Datum } from './packed.ts'
import { checkBigint, checkText, decodeValue, encodeValue, notEncodable, type StoredForms } from './value-codec.ts'

export { Packed, type Datum, type Scalar } from './packed.ts'
export type { StoredForms } from './value-codec.ts'

const writer = new ByteWriter(4096)
const slab = new ByteSlab()

/**
 * Puts a user's value into stored form. `what` names the value in errors ("argument 1 of deposit").
 * Throws VALUE_NOT_ENCODABLE for what would not come back as it went in: functions, symbols, class instances, cycles,
 * arrays with holes, `__proto__` keys, strings with lone surrogates; VALUE_TOO_LARGE above `limits.valueBytesMax`.
 * Objects without a prototype come back as plain ones, a Buffer as Uint8Array, an accessor as the value it gave.
 */
export function freeze(value: unknown, what: string): Datum {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return value
    case 'bigint':
      checkBigint(value, what)
      return value
    case 'string':
      checkText(value, what)
      return value
    case 'object':
      return value === null ? null : freezeObject(value, what, undefined)
    default:
      throw notEncodable(what, `a ${typeof value}`)
  }
}

/**
 * `freeze`, for arguments and results on their way: whoever keeps what it gives back may keep 64 KiB with it. With `forms`,
 * which is for results of queries, equal values may differ in their bytes.
 */
export function freezeBriefly(value: unknown, what: string, forms?: StoredForms): Datum {
  if (typeof value !== 'object' || value === null) return freeze(value, what)
  return forms?.storedFormOf(value) ?? freezeObject(value, what, slab, forms)
}

/**
 * Gives back a fresh copy of the value that was frozen: what the holder does to it changes nothing else. Throws
 * VALUE_NOT_ENCODABLE for bytes that `freeze` never made, which a client of another make may have logged.
 */
export function thaw(datum: Datum): unknown {
  if (!(datum instanceof Packed)) return datum
  try {
    return decodeValue(datum.bytes)
  } catch (cause) {
    if (!(cause instanceof MalformedBytes)) throw cause
    throw new StreamyError(
      'VALUE_NOT_ENCODABLE',
      `The bytes of a value do not parse: ${cause.message}. Send it with a Streamy client.`,
      { cause },
    )
  }
}

/** Whether two frozen values are the same value. */
export function sameDatum(a: Datum, b: Datum): boolean {
  if (a instanceof Packed && b instanceof Packed) return Buffer.compare(a.bytes, b.bytes) === 0
  return Object.is(a, b)
}

// One writer serves all. An accessor within the value may freeze another meanwhile: that one is written behind what is
// there, and taken out again before the outer one goes on.
function freezeObject(value: object, what: string, into: ByteSlab | undefined, forms?: StoredForms): Packed {
  const start = writer.length
  try {
    encodeValue(writer, value, what, forms)
    return new Packed(into === undefined ? writer.copy(start) : writer.copyInto(into, start))
  } finally {
    writer.reset(start)
  }
}
