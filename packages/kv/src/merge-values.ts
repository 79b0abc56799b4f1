// The updates that depend on the value they meet: what a value and an operand come to. Pure, and run in log order on the
// entry itself, so they never conflict.

import { KvTypeMismatch } from './kv-errors.ts'

/** How an operand changes a value. */
export type MergeKind = 'sum' | 'min' | 'max' | 'append'

/** The type of a sum: with `1n` as an operand a bigint, and not `1n`. */
export type Widened<Operand> = Operand extends bigint ? bigint : number

/** What `value`, or nothing when there is no entry, becomes. Throws {@link KvTypeMismatch}. */
export function mergeValues(kind: MergeKind, value: unknown, operand: unknown): unknown {
  if (value === undefined) return operand
  if (kind === 'append') return appended(value, operand)
  if (typeof value === 'bigint' && typeof operand === 'bigint') return mergeNumbers(kind, value, operand)
  if (typeof value === 'number' && typeof operand === 'number') return mergeNumbers(kind, value, operand)
  throw mismatch(kind, value, operand)
}

// The caller has seen that both are of one type.
function mergeNumbers(kind: 'sum' | 'min' | 'max', a: number | bigint, b: number | bigint): number | bigint {
  if (kind === 'sum') return (a as number) + (b as number)
  return kind === 'min' ? (b < a ? b : a) : b > a ? b : a
}

function appended(value: unknown, operand: unknown): unknown {
  if (typeof value === 'string' && typeof operand === 'string') return value + operand
  if (Array.isArray(value) && Array.isArray(operand)) return [...(value as unknown[]), ...(operand as unknown[])]
  if (value instanceof Uint8Array && operand instanceof Uint8Array) {
    const both = new Uint8Array(value.length + operand.length)
    both.set(value)
    both.set(operand, value.length)
    return both
  }
  throw mismatch('append', value, operand)
}

function mismatch(operation: MergeKind, value: unknown, operand: unknown): KvTypeMismatch {
  const [found, given] = [kindOf(value), kindOf(operand)]
  return new KvTypeMismatch(
    `${operation} of ${given} met ${found}. Both must be ${operation === 'append' ? 'texts, lists or bytes' : 'numbers, or both bigints'}.`,
    { operation, found, given },
  )
}

/** Names the kind of a value for people. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'object') return 'an object'
  return value === undefined ? 'undefined' : `a ${typeof value}`
}
