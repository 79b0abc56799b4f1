// ByteWriter: a growing buffer that the binary formats of the core are written into. ByteReader reads them back.

import type { ByteSlab } from './byte-slab.ts'
import type { Datum } from './packed.ts'
import { Packed } from './packed.ts'

/** Tags of a datum's first byte. */
export const datumTags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  negativeInteger: 5,
  float: 6,
  string: 7,
  bigint: 8,
  packed: 9,
} as const

const SHORT_STRING_MAX = 64
/** Arrays up to this size cost the runtime no memory of their own outside its heap. */
const ON_HEAP_BYTES_MAX = 64
const canonicalNaN = new Uint8Array([0, 0, 0, 0, 0, 0, 0xf8, 0x7f])

/** Appends numbers, strings and data to one buffer; `take` hands the bytes over and starts anew. */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  u32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(value, this.#length)
  }

  /** Writes over four bytes that were written before. */
  patchU32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value, at)
  }

  /** A NaN is written as the same NaN always: its sign and payload differ by processor and by compiler. */
  f64(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
    if (Number.isNaN(value)) this.#buffer.set(canonicalNaN, this.#length - 8)
  }

  /** A non-negative safe integer in LEB128. */
  varint(value: number): void {
    this.#reserve(8)
    const buffer = this.#buffer
    let rest = value
    // Above 31 bits there are no shifts: what lies there is divided off once, not at every byte.
    if (rest >= 0x1000_0000) {
      const high = Math.floor(rest / 0x1000_0000)
      let low = rest - high * 0x1000_0000
      for (let i = 0; i < 4; i++, low >>>= 7) buffer[this.#length++] = (low & 0x7f) | 0x80
      rest = high
    }
    while (rest >= 0x80) {
      buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[this.#length++] = rest
  }

  /** UTF-8 behind its length in bytes. Short ASCII, the common case, is written without leaving JavaScript. */
  string(value: string): void {
    if (value.length > SHORT_STRING_MAX || !this.#shortAscii(value)) this.#longString(value)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  /** Puts the length of what was written from `start` on in front of it. */
  prefixLength(start: number): void {
    const size = this.#length - start
    this.varint(size)
    const buffer = this.#buffer
    const prefix = this.#length - start - size
    if (prefix === 1) {
      buffer.copyWithin(start + 1, start, start + size)
      buffer[start] = size
      return
    }
    const length = Uint8Array.prototype.slice.call(buffer, start + size, start + size + prefix)
    buffer.copyWithin(start + prefix, start, start + size)
    buffer.set(length, start)
  }

  /** Bytes behind their length. */
  blob(value: Uint8Array): void {
    this.varint(value.length)
    this.bytes(value)
  }

  datum(value: Datum): void {
    switch (typeof value) {
      case 'undefined':
        return this.u8(datumTags.undefined)
      case 'boolean':
        return this.u8(value ? datumTags.true : datumTags.false)
      case 'number':
        return this.#number(value)
      case 'string':
        this.u8(datumTags.string)
        return this.string(value)
      case 'bigint':
        this.u8(datumTags.bigint)
        return this.string(value.toString(16))
      default:
        return value === null ? this.u8(datumTags.null) : this.#packed(value)
    }
  }

  data(values: readonly Datum[]): void {
    this.varint(values.length)
    for (const value of values) this.datum(value)
  }

  /** The bytes so far, in a buffer of their own; the writer starts anew. */
  take(): Buffer {
    const bytes = Buffer.from(this.view())
    this.#length = 0
    return bytes
  }

  /** The bytes from `start` on, in an array of their own. */
  copy(start: number): Uint8Array {
    const size = this.#length - start
    if (size <= ON_HEAP_BYTES_MAX) {
      const bytes = new Uint8Array(size)
      for (let i = 0; i < size; i++) bytes[i] = this.#buffer[start + i]!
      return bytes
    }
    const { buffer, byteOffset } = this.#buffer
    return new Uint8Array(buffer.slice(byteOffset + start, byteOffset + this.#length))
  }

  /** `copy`, for whoever lets go of it soon. */
  copyInto(slab: ByteSlab, start: number): Uint8Array {
    return slab.copy(this.#buffer, start, this.#length)
  }

  /** The bytes so far, valid until the next write. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  reset(length = 0): void {
    this.#length = length
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.u8(value < 0 ? datumTags.negativeInteger : datumTags.integer)
      this.varint(Math.abs(value))
    } else {
      this.u8(datumTags.float)
      this.f64(value)
    }
  }

  #packed(value: Packed): void {
    this.u8(datumTags.packed)
    this.blob(value.bytes)
  }

  #shortAscii(value: string): boolean {
    const length = value.length
    this.#reserve(length + 1)
    const buffer = this.#buffer
    let at = this.#length
    buffer[at++] = length
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) return false
      buffer[at++] = unit
    }
    this.#length = at
    return true
  }

  #longString(value: string): void {
    const size = Buffer.byteLength(value)
    this.varint(size)
    this.#reserve(size)
    this.#length += this.#buffer.write(value, this.#length, 'utf8')
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.view())
    this.#buffer = larger
  }
}
