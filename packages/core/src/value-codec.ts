// The bytes of objects, arrays, Map, Set, Date and Uint8Array (`Packed`). Own bytes and not MessagePack, because state
// is compared by its bytes and read from whoever wrote into the log: equal values have equal bytes in every process
// (one NaN, -0 kept apart), nothing a client can send decodes to more than these types or nests deeper than the stack,
// and nothing is lost or renamed on the way.
//
//   scalar    as in ByteWriter.datum                       date    f64, milliseconds
//   array     count, items                                 bytes   length, bytes
//   object    count, keys, values                          map     count, keys and values in turn
//   shaped    number of an earlier object, values          set     count, items
//                                                          stored  length, bytes of a value
//
// Objects of one shape in one value, as in a list of records, name their keys once. A stored value is passed on as it is, in
// results of queries alone: what is kept and compared never holds one.

import { ByteReader, MalformedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { Packed, Scalar } from './packed.ts'
import { sameKeys, ShapeCache } from './shape-cache.ts'

// Above those of scalars (`datumTags`).
const tags = { array: 16, object: 17, shaped: 18, map: 19, set: 20, date: 21, bytes: 22, stored: 23 } as const

/** Shapes of one value that are remembered; objects of any other shape name their keys each. */
const SHAPES_MAX = 16
const none: readonly (readonly string[])[] = []
const shapeCache = new ShapeCache()
/** Bigints up to here are small; the size of larger ones is looked at. */
const BIGINT_SMALL = 2n ** 64n

/** Knows objects that are just as they came out of stored form. */
export interface StoredForms {
  /** What the object came out of; undefined when that is not known. */
  storedFormOf(object: object): Packed | undefined
}

/**
 * Appends a value to `out`. `what` names it in errors. Parts that `forms` knows are not encoded anew. Throws
 * VALUE_NOT_ENCODABLE for what would not come back as it went in, VALUE_TOO_LARGE above `limits.valueBytesMax`.
 */
export function encodeValue(out: ByteWriter, value: object, what: string, forms?: StoredForms): void {
  new ValueEncoder(out, what, forms).write(value, 0)
}

/** Reads a value that fills `bytes`, as a fresh copy. Throws {@link MalformedBytes} for anything else. */
export function decodeValue(bytes: Uint8Array): unknown {
  return readWhole(bytes, false)
}

function readWhole(bytes: Uint8Array, isWithin: boolean): unknown {
  const reader = new ByteReader(bytes)
  const value = new ValueDecoder(reader, isWithin).read(0)
  reader.finish()
  return value
}

/** Throws unless the text survives encoding and fits a value. */
export function checkText(text: string, what: string): void {
  if (text.length * 3 > limits.valueBytesMax && Buffer.byteLength(text) > limits.valueBytesMax) throw tooLarge(what)
  if (!text.isWellFormed()) throw notEncodable(what, 'a string with a lone surrogate')
}

/** Throws unless the number fits a value. */
export function checkBigint(value: bigint, what: string): void {
  if (value < BIGINT_SMALL && value > -BIGINT_SMALL) return
  if (value.toString(16).length > limits.valueBytesMax) throw tooLarge(what)
}

/** The error for a value that would not come back as it went in. */
export function notEncodable(what: string, found: string): StreamyError {
  return new StreamyError(
    'VALUE_NOT_ENCODABLE',
    `${what} holds ${found}. Use plain objects, arrays, Map, Set, Date, Uint8Array, bigint and scalars.`,
  )
}

class ValueEncoder {
  readonly #out: ByteWriter
  readonly #what: string
  readonly #forms: StoredForms | undefined
  readonly #end: number
  // Most values have one object.
  #shapes = none

  constructor(out: ByteWriter, what: string, forms: StoredForms | undefined) {
    this.#out = out
    this.#what = what
    this.#forms = forms
    this.#end = out.length + limits.valueBytesMax
  }

  write(value: unknown, depth: number): void {
    if (typeof value === 'object' && value !== null) this.#object(value, depth)
    else this.#scalar(value)
    // At every value, so that one that is far too large is not first written as a whole.
    if (this.#out.length > this.#end) throw tooLarge(this.#what)
  }

  #scalar(value: unknown): void {
    if (typeof value === 'function' || typeof value === 'symbol') throw notEncodable(this.#what, `a ${typeof value}`)
    if (typeof value === 'string') checkText(value, this.#what)
    else if (typeof value === 'bigint') checkBigint(value, this.#what)
    // All that is left are scalars.
    this.#out.datum(value as Scalar)
  }

  // Depth stands in for a check for cycles: a cycle is infinitely deep.
  #object(value: object, depth: number): void {
    if (depth >= limits.valueDepthMax)
      throw notEncodable(this.#what, `a cycle or more than ${limits.valueDepthMax} levels of nesting`)
    const stored = this.#forms?.storedFormOf(value)
    if (stored !== undefined) {
      this.#out.u8(tags.stored)
      return this.#out.blob(stored.bytes)
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (Array.isArray(value) && prototype === Array.prototype) this.#array(value, depth)
    else if (prototype === Object.prototype || prototype === null) this.#plain(value as Record<string, unknown>, depth)
    else if (value instanceof Map && prototype === Map.prototype) this.#map(value, depth)
    else if (value instanceof Set && prototype === Set.prototype) this.#set(value, depth)
    else if (value instanceof Date && prototype === Date.prototype) this.#date(value)
    // A Buffer is taken for the bytes it is, and comes back as Uint8Array.
    else if (value instanceof Uint8Array && isBytes(prototype)) this.#bytes(value)
    else throw notEncodable(this.#what, `an instance of ${classOf(value)}, which would lose its class`)
  }

  #array(items: readonly unknown[], depth: number): void {
    const { length } = items
    this.#out.u8(tags.array)
    this.#out.varint(length)
    for (let index = 0; index < length; index++) {
      const item = items[index]
      if (item === undefined && !(index in items)) throw notEncodable(this.#what, 'an array with holes')
      this.write(item, depth + 1)
    }
  }

  #plain(object: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = Object.keys(object)
    if (Object.getOwnPropertySymbols(object).length > 0) throw notEncodable(this.#what, 'a key that is a symbol')
    const shape = this.#shapeOf(keys)
    if (shape < 0) this.#newShape(keys)
    else {
      this.#out.u8(tags.shaped)
      this.#out.u8(shape)
    }
    for (const key of keys) this.write(object[key], depth + 1)
  }

  #shapeOf(keys: readonly string[]): number {
    for (let shape = 0; shape < this.#shapes.length; shape++) if (sameKeys(this.#shapes[shape]!, keys)) return shape
    return -1
  }

  #newShape(keys: readonly string[]): void {
    this.#out.u8(tags.object)
    if (this.#shapes.length < SHAPES_MAX) this.#shapes = appended(this.#shapes, keys)
    const known = shapeCache.withKeys(keys)
    if (known !== undefined) return this.#out.bytes(known.bytes)
    const start = this.#out.length
    this.#out.varint(keys.length)
    for (const key of keys) {
      if (key === '__proto__') throw notEncodable(this.#what, 'a key named __proto__')
      checkText(key, this.#what)
      this.#out.string(key)
    }
    shapeCache.add(keys, this.#out.view().subarray(start))
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    const { size } = map
    this.#out.u8(tags.map)
    this.#out.varint(size)
    let count = 0
    for (const [key, item] of map) {
      count += 1
      this.write(key, depth + 1)
      this.write(item, depth + 1)
    }
    this.#checkUnchanged(count, size)
  }

  #set(set: ReadonlySet<unknown>, depth: number): void {
    const { size } = set
    this.#out.u8(tags.set)
    this.#out.varint(size)
    let count = 0
    for (const item of set) {
      count += 1
      this.write(item, depth + 1)
    }
    this.#checkUnchanged(count, size)
  }

  // An accessor within it may have changed it.
  #checkUnchanged(count: number, size: number): void {
    if (count !== size) throw notEncodable(this.#what, 'a collection that changes while it is read')
  }

  #date(date: Date): void {
    this.#out.u8(tags.date)
    this.#out.f64(date.getTime())
  }

  #bytes(bytes: Uint8Array): void {
    if (bytes.length > limits.valueBytesMax) throw tooLarge(this.#what)
    this.#out.u8(tags.bytes)
    this.#out.blob(bytes)
  }
}

class ValueDecoder {
  readonly #reader: ByteReader
  readonly #isWithin: boolean
  #shapes = none

  /** `isWithin` says that it reads a stored value of a larger one: there is none within that. */
  constructor(reader: ByteReader, isWithin: boolean) {
    this.#reader = reader
    this.#isWithin = isWithin
  }

  read(depth: number): unknown {
    const tag = this.#reader.u8()
    if (tag < tags.array) return this.#reader.scalar(tag)
    if (depth >= limits.valueDepthMax) throw new MalformedBytes('a value is nested too deep')
    switch (tag) {
      case tags.array:
        return this.#reader.list(() => this.read(depth + 1))
      case tags.object:
        return this.#object(this.#newShape(), depth)
      case tags.shaped:
        return this.#object(this.#knownShape(), depth)
      case tags.map:
        return this.#map(depth)
      case tags.set:
        return this.#set(depth)
      case tags.date:
        return this.#date()
      case tags.bytes:
        return this.#reader.copy()
      case tags.stored:
        return this.#stored()
      default:
        throw new MalformedBytes('a value has an unknown tag')
    }
  }

  #object(keys: readonly string[], depth: number): unknown {
    const object: Record<string, unknown> = {}
    for (const key of keys) object[key] = this.read(depth + 1)
    return object
  }

  #newShape(): readonly string[] {
    const keys = shapeCache.read(this.#reader) ?? this.#readKeys()
    if (this.#shapes.length < SHAPES_MAX) this.#shapes = appended(this.#shapes, keys)
    return keys
  }

  #readKeys(): readonly string[] {
    const start = this.#reader.offset
    const keys = this.#reader.list(() => this.#reader.string())
    if (keys.includes('__proto__')) throw new MalformedBytes('a key is named __proto__')
    if (new Set(keys).size < keys.length) throw new MalformedBytes('a key stands twice')
    shapeCache.add(keys, this.#reader.since(start))
    return keys
  }

  #knownShape(): readonly string[] {
    const keys = this.#shapes[this.#reader.u8()]
    if (keys === undefined) throw new MalformedBytes('a shape is unknown')
    return keys
  }

  #map(depth: number): unknown {
    const entries = this.#reader.list((): [unknown, unknown] => [this.read(depth + 1), this.read(depth + 1)])
    const map = new Map(entries)
    if (map.size < entries.length) throw new MalformedBytes('a key stands twice')
    return map
  }

  #set(depth: number): unknown {
    const items = this.#reader.list(() => this.read(depth + 1))
    const set = new Set(items)
    if (set.size < items.length) throw new MalformedBytes('an item stands twice')
    return set
  }

  #stored(): unknown {
    if (this.#isWithin) throw new MalformedBytes('a stored value within a stored value')
    return readWhole(this.#reader.blob(), true)
  }

  #date(): Date {
    const time = this.#reader.f64()
    const date = new Date(time)
    if (!Object.is(date.getTime(), time)) throw new MalformedBytes('a date out of range')
    return date
  }
}

// The first list is the one that all share, and stays empty.
function appended(shapes: readonly (readonly string[])[], keys: readonly string[]): readonly (readonly string[])[] {
  if (shapes.length === 0) return [keys]
  // Made by the line above, for this value alone.
  ;(shapes as (readonly string[])[]).push(keys)
  return shapes
}

function isBytes(prototype: unknown): boolean {
  return prototype === Uint8Array.prototype || prototype === Buffer.prototype
}

function classOf(value: object): string {
  const { constructor } = value
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}

function tooLarge(what: string): StreamyError {
  return new StreamyError(
    'VALUE_TOO_LARGE',
    `${what} has more than the limit of ${limits.valueBytesMax} bytes. Split it over several fields, calls or actors.`,
  )
}
