// ByteReader: reads what ByteWriter wrote. It trusts nothing: whatever does not parse throws MalformedBytes, whose
// catcher decides whether that makes an entry void or a store corrupt.

import { datumTags } from './byte-writer.ts'
import type { Datum } from './datum.ts'
import { Packed } from './datum.ts'

/** The bytes are not what the format says. */
export class MalformedBytes extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'MalformedBytes'
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const SHORT_STRING_MAX = 32

/** Reads a buffer from front to back. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Where the next byte is read. */
  get offset(): number {
    return this.#at
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new MalformedBytes('bytes are left over')
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!
  }

  u32(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) + bytes[at + 3]! * 0x1000000
  }

  f64(): number {
    const at = this.#advance(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true)
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return this.#safe(value)
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

  blob(): Uint8Array {
    return this.bytes(this.varint())
  }

  datum(): Datum {
    switch (this.u8()) {
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
        return -this.varint()
      case datumTags.float:
        return this.f64()
      case datumTags.string:
        return this.string()
      case datumTags.bigint:
        return this.#bigint()
      case datumTags.packed:
        return new Packed(this.blob().slice())
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

  #bigint(): bigint {
    const text = this.string()
    if (!/^-?[0-9a-f]+$/.test(text)) throw new MalformedBytes('a bigint is not hexadecimal')
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
    if (length > this.#end - at) throw new MalformedBytes('the bytes end too early')
    this.#at = at + length
    return at
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) throw new MalformedBytes('an integer is too large')
    return value
  }
}
