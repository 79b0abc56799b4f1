// FieldBounds: what conditions on one field mean for its place in an index: a few points, or one range of texts. They may
// take in too much, never too little: every document is checked against the whole filter in the end.

import { textOfBytes } from '@streamy-db/kv'
import type { IndexField } from '../catalogue/catalogue.ts'
import { byUnits, isNaNValue, kindOf } from '../index-keys/compare-values.ts'
import { invertBytes, keyTags, KeyNotEncodable, keyBytesOf } from '../index-keys/index-key-codec.ts'
import type { Conjunct } from './conjuncts.ts'

/** Above every text that follows a whole value. */
export const ABOVE = '\u00ff'

/** Texts of one field; a range is from `low` on and below `high`. */
export type FieldBounds =
  | { readonly kind: 'points'; readonly texts: readonly string[] }
  | { readonly kind: 'range'; readonly low: string; readonly high: string }

/** The bounds that conditions on a field set; undefined for none. With several keys a document, one must do. */
export function fieldBounds(
  field: IndexField,
  conjuncts: readonly Conjunct[],
  multikey: boolean,
): FieldBounds | undefined {
  const here = conjuncts.filter(({ path }) => path === field.path)
  try {
    return points(field, here) ?? range(field, here, multikey)
  } catch (error) {
    // A value that no key can hold bounds nothing: no document has it either, as the filter will find.
    if (error instanceof KeyNotEncodable) return undefined
    throw error
  }
}

/** Whether the bounds of conditions on one field take in nothing that the conditions do not. */
export function boundsSayAll(conjuncts: readonly Conjunct[]): boolean {
  if (conjuncts.some(({ argument }) => isNaNValue(argument))) return false
  const [first] = conjuncts
  if (first !== undefined && conjuncts.length === 1 && (first.operator === '$eq' || first.operator === '$in'))
    return true
  return conjuncts.every(({ operator }) => isComparison(operator))
}

function points(field: IndexField, conjuncts: readonly Conjunct[]): FieldBounds | undefined {
  const equal = conjuncts.find(({ operator }) => operator === '$eq')
  if (equal !== undefined) return { kind: 'points', texts: [valueText(field, equal.argument)] }
  const among = conjuncts.find(({ operator }) => operator === '$in')
  if (among === undefined) return undefined
  const texts = (among.argument as readonly unknown[]).map((value) => valueText(field, value))
  return { kind: 'points', texts: [...new Set(texts)].sort(byUnits) }
}

function range(field: IndexField, conjuncts: readonly Conjunct[], multikey: boolean): FieldBounds | undefined {
  let bounds: { readonly low: string; readonly high: string } | undefined
  for (const { operator, argument } of conjuncts) {
    const next = comparison(field, operator, argument)
    if (next === undefined) continue
    // Of an array, one item may be above the one bound and another below the other.
    if (multikey) return { kind: 'range', ...next }
    bounds =
      bounds === undefined
        ? next
        : {
            low: bounds.low > next.low ? bounds.low : next.low,
            high: bounds.high < next.high ? bounds.high : next.high,
          }
  }
  return bounds && { kind: 'range', ...bounds }
}

// A comparison stays within the kind of its value.
function comparison(
  field: IndexField,
  operator: string,
  argument: unknown,
): { readonly low: string; readonly high: string } | undefined {
  if (!isComparison(operator) || isNaNValue(argument)) return undefined
  const text = valueText(field, argument)
  const tag = kindOf(argument)
  const first = field.descending ? 0xff - tag : tag
  const whole = { low: textOfBytes(Uint8Array.of(first)), high: textOfBytes(Uint8Array.of(first + 1)) }
  const nan = nanOf(tag)
  // NaN is below all numbers, and no comparison with one takes it in.
  if (nan !== undefined && field.descending) whole.high = valueText(field, nan)
  else if (nan !== undefined) whole.low = valueText(field, nan) + ABOVE
  const goesUp = (operator === '$gt' || operator === '$gte') !== field.descending
  const takesEqual = operator === '$gte' || operator === '$lte'
  if (goesUp) return { low: takesEqual ? text : text + ABOVE, high: whole.high }
  return { low: whole.low, high: takesEqual ? text + ABOVE : text }
}

function isComparison(operator: string): boolean {
  return operator === '$gt' || operator === '$gte' || operator === '$lt' || operator === '$lte'
}

function nanOf(tag: number): unknown {
  if (tag === keyTags.number) return NaN
  return tag === keyTags.date ? new Date(NaN) : undefined
}

function valueText(field: IndexField, value: unknown): string {
  const bytes = keyBytesOf(value)
  if (field.descending) invertBytes(bytes, 0)
  return textOfBytes(Uint8Array.from(bytes))
}
