// Conditions on one entry: what an assert demands of it, as plain data, and whether it holds.

import { isDeepStrictEqual } from 'node:util'
import type { StoredEntry } from './stored-entry.ts'

/** One demand on an entry. Order compares numbers, bigints and strings, each with its own kind only. */
export type EntryCondition =
  | { readonly is: 'present' | 'absent' }
  | { readonly is: 'equal' | 'different' | 'below' | 'at most' | 'above' | 'at least'; readonly value: unknown }
  | { readonly is: 'written at'; readonly position: number }

/** Whether the entry, undefined when there is none, is as demanded. */
export function isAs(entry: StoredEntry | undefined, condition: EntryCondition): boolean {
  switch (condition.is) {
    case 'absent':
      return entry === undefined
    case 'present':
      return entry !== undefined
    case 'written at':
      return entry?.position === condition.position
    case 'different':
      return entry === undefined || !isDeepStrictEqual(entry.value, condition.value)
    case 'equal':
      return entry !== undefined && isDeepStrictEqual(entry.value, condition.value)
    default:
      return entry !== undefined && isOrdered(entry.value, condition.is, condition.value)
  }
}

function isOrdered(value: unknown, is: 'below' | 'at most' | 'above' | 'at least', bound: unknown): boolean {
  if (!isComparable(value) || !isComparable(bound) || typeof value !== typeof bound) return false
  if (is === 'below') return value < bound
  if (is === 'at most') return value <= bound
  return is === 'above' ? value > bound : value >= bound
}

function isComparable(value: unknown): value is number | bigint | string {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string'
}
