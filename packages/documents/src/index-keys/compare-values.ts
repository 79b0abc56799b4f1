// The order of values, as filters, sorts and indexes all see it: kinds first, in MongoDB's order, then within a kind.
// It is the order of `index-key-codec.ts`, computed without making bytes; a test holds the two together.

import { keyTags } from './index-key-codec.ts'

/** The kind of a value: its place among the kinds. */
export function kindOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return keyTags.number
    case 'string':
      return keyTags.string
    case 'boolean':
      return keyTags.boolean
    case 'object':
      return value === null ? keyTags.nothing : kindOfObject(value)
    default:
      return keyTags.nothing
  }
}

/** Below, equal or above: negative, 0 or positive. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0
  const kind = kindOf(a)
  const other = kindOf(b)
  if (kind !== other) return kind - other
  switch (kind) {
    case keyTags.number:
      return compareNumbers(a as number | bigint, b as number | bigint)
    case keyTags.string:
      return compareStrings(a as string, b as string)
    case keyTags.boolean:
      return Number(a) - Number(b)
    case keyTags.date:
      return compareNumbers((a as Date).getTime(), (b as Date).getTime())
    case keyTags.bytes:
      return Buffer.compare(a as Uint8Array, b as Uint8Array)
    case keyTags.array:
      return compareArrays(a as readonly unknown[], b as readonly unknown[])
    case keyTags.object:
      return compareObjects(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>)
    default:
      return 0
  }
}

/** Whether a value is NaN, which compares with nothing but itself. */
export function isNaNValue(value: unknown): boolean {
  return typeof value === 'number' ? Number.isNaN(value) : value instanceof Date && Number.isNaN(value.getTime())
}

function kindOfObject(value: object): number {
  if (Array.isArray(value)) return keyTags.array
  if (value instanceof Date) return keyTags.date
  return value instanceof Uint8Array ? keyTags.bytes : keyTags.object
}

// JavaScript compares a number with a bigint exactly.
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  // oxlint-disable-next-line eqeqeq -- 1 and 1n are the same number
  if (a == b) return 0
  return Number(isNaNValue(b)) - Number(isNaNValue(a))
}

// As UTF-8 sorts: a surrogate, which begins a character beyond the BMP, is above every other unit.
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const unit = a.charCodeAt(index)
    const other = b.charCodeAt(index)
    if (unit !== other) return rankOf(unit) - rankOf(other)
  }
  return a.length - b.length
}

function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10_000 : unit
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compareValues(a[index], b[index])
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareObjects(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const keys = Object.keys(a).sort(compareStrings)
  const others = Object.keys(b).sort(compareStrings)
  for (let index = 0; index < Math.min(keys.length, others.length); index++) {
    const order = compareStrings(keys[index]!, others[index]!) || compareValues(a[keys[index]!], b[others[index]!])
    if (order !== 0) return order
  }
  return keys.length - others.length
}

/** The order of texts by their UTF-16 units: that of their keys in an index. */
export function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
