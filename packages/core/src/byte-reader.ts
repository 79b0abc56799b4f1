// ByteReader: reads what ByteWriter wrote. It trusts nothing: whatever does not parse throws MalformedBytes, whose
// catcher decides whether that makes an entry void or a store corrupt. Every value has one form only: bytes that mean
// the same and differ would let two workers hold equal states under different hashes.

import { datumTags } from './byte-writer.ts'
import type { Datum, Scalar } from './packed.ts'
import { Packed } from './packed.ts'

/** The bytes are not what the format says. */
export class MalformedBytes extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'MalformedBytes'
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const SHORT_STRING_MAX = 32
const canonicalNaN = 0x7ff8000000000000n
const eightBytes = new Uint8Array(8)
const eightBytesView = new DataView(eightBytes.buffer)

/** Reads a buffer from front to back. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number
  readonly #borrows: boolean

  /** With `borrows`, what is read of data stays part of `bytes`: for whoever lets go of both soon. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, borrows = false) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#borrows = borrows
  }

  /** Where the next byte is read. */
  get offset(): number {
    return this.#at
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new MalformedBytes('bytes are left over')
  }

  u8(): number {
    const at = this.#at
    if (at >= this.#end) throw tooEarly()
    this.#at = at + 1
    return this.#bytes[at]!
  }

  /** A byte that is 0 or 1. */
  flag(): boolean {
    const byte = this.u8()
    if (byte > 1) throw new MalformedBytes('a flag is neither 0 nor 1')
    return byte === 1
  }

  u32(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 0x1000000
  }

  f64(): number {
    const at = this.#advance(8)
    for (let i = 0; i < 8; i++) eightBytes[i] = this.#bytes[at + i]!
    const value = eightBytesView.getFloat64(0, true)
    if (Number.isNaN(value) && eightBytesView.getBigUint64(0, true) !== canonicalNaN)
      throw new MalformedBytes('a NaN with a payload')
    return value
  }

  varint(): number {
    const first = this.u8()
    return first < 0x80 ? first : this.#longVarint(first)
  }

  #longVarint(first: number): number {
    let value = first & 0x7f
    let scale = 0x80
    for (let i = 1; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0) throw new MalformedBytes('an integer is longer than it needs to be')
        return this.#safe(value)
      }
      scale *= 0x80
    }
    throw new MalformedBytes('an integer is too long')
  }

  string(): string {
    const length = this.varint()
    const at = this.#advance(length)
    if (length <= SHORT_STRING_MAX) {
      const short = this.#shortAscii(at, length)
      if (short !== undefined) return short
    }
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length))
    } catch {
      throw new MalformedBytes('a string is not UTF-8')
    }
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  /** Reads these bytes, if they stand next; says whether they did. */
  skipIf(expected: Uint8Array): boolean {
    const at = this.#at
    const { length } = expected
    if (length > this.#end - at) return false
    const bytes = this.#bytes
    for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false
    this.#at = at + length
    return true
  }

  /** What was read from an earlier offset on, as part of the same memory. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at)
  }

  blob(): Uint8Array {
    return this.bytes(this.varint())
  }

  /** Bytes behind their length, in memory of their own. (`slice` of a Buffer would share its memory.) */
  copy(): Uint8Array {
    return new Uint8Array(this.blob())
  }

  datum(): Datum {
    const tag = this.u8()
    return tag === datumTags.packed ? new Packed(this.#borrows ? this.#borrowed() : this.copy()) : this.scalar(tag)
  }

  /** What follows the tag of a scalar. */
  scalar(tag: number): Scalar {
    switch (tag) {
      case datumTags.undefined:
        return undefined
      case datumTags.null:
        return null
      case datumTags.false:
        return false
      case datumTags.true:
        return true
      case datumTags.integer:
        return this.varint()
      case datumTags.negativeInteger:
        return -this.#positive()
      case datumTags.float:
        return this.#float()
      case datumTags.string:
        return this.string()
      case datumTags.bigint:
        return this.#bigint()
      default:
        throw new MalformedBytes('a datum has an unknown tag')
    }
  }

  data(): Datum[] {
    return this.list(() => this.datum())
  }

  /** A count and that many items. The count is checked against what is left before anything is allocated. */
  list<Item>(item: () => Item): Item[] {
    const count = this.varint()
    if (count > this.#end - this.#at) throw new MalformedBytes('a count is too large')
    const items: Item[] = []
    for (let i = 0; i < count; i++) items.push(item())
    return items
  }

  // No `subarray`: that of a Buffer is a Buffer.
  #borrowed(): Uint8Array {
    const size = this.varint()
    const at = this.#advance(size)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, size)
  }

  #positive(): number {
    const value = this.varint()
    if (value === 0) throw new MalformedBytes('a negative integer is zero')
    return value
  }

  #float(): number {
    const value = this.f64()
    if (Number.isSafeInteger(value) && !Object.is(value, -0))
      throw new MalformedBytes('an integer is stored as a float')
    return value
  }

  #bigint(): bigint {
    const text = this.string()
    if (!/^(0|-?[1-9a-f][0-9a-f]*)$/.test(text)) throw new MalformedBytes('a bigint is not hexadecimal')
    return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`)
  }

  #shortAscii(at: number, length: number): string | undefined {
    let text = ''
    for (let i = at; i < at + length; i++) {
      const byte = this.#bytes[i]!
      if (byte >= 0x80) return undefined
      text += String.fromCharCode(byte)
    }
    return text
  }

  #advance(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw tooEarly()
    this.#at = at + length
    return at
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) throw new MalformedBytes('an integer is too large')
    return value
  }
}

function tooEarly(): MalformedBytes {
  return new MalformedBytes('the bytes end too early')
}
