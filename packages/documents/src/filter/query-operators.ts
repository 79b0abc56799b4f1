// The operators of filters that compare values. They stand in for mingo's own, which order numbers, bigints, NaN and text
// in ways of their own: what a filter says and what an index lists must be the same order (`compare-values.ts`), over
// the same values (`path-values.ts`). Logic, $exists, $size and $elemMatch are mingo's.

import { $all as mingoAll } from 'mingo/operators/query'
import { compareValues, isNaNValue, kindOf } from '../index-keys/compare-values.ts'
import { keyTags } from '../index-keys/index-key-codec.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import { patternOf } from './pattern.ts'

type Test = (document: unknown) => boolean
type Operator = (path: string, argument: never, options: never) => Test

const kindOfName: Readonly<Record<string, number>> = {
  null: keyTags.nothing,
  string: keyTags.string,
  object: keyTags.object,
  array: keyTags.array,
  bytes: keyTags.bytes,
  bool: keyTags.boolean,
  date: keyTags.date,
}

/** Comparing operators by name, as mingo takes them. */
export const queryOperators: Readonly<Record<string, Operator>> = {
  $eq: (path: string, value: unknown) => some(path, (found) => compareValues(found, value) === 0),
  $ne: (path: string, value: unknown) => not(some(path, (found) => compareValues(found, value) === 0)),
  $in: (path: string, values: readonly unknown[]) => some(path, isOneOf(values)),
  $nin: (path: string, values: readonly unknown[]) => not(some(path, isOneOf(values))),
  $gt: (path: string, value: unknown) =>
    some(
      path,
      comparing(value, false, (order) => order > 0),
    ),
  $gte: (path: string, value: unknown) =>
    some(
      path,
      comparing(value, true, (order) => order >= 0),
    ),
  $lt: (path: string, value: unknown) =>
    some(
      path,
      comparing(value, false, (order) => order < 0),
    ),
  $lte: (path: string, value: unknown) =>
    some(
      path,
      comparing(value, true, (order) => order <= 0),
    ),
  $type: (path: string, names: string | readonly string[]) => some(path, isOfType(names)),
  $mod: (path: string, [divisor, remainder]: readonly [number, number]) =>
    some(path, (found) => typeof found === 'number' && Math.trunc(found) % divisor === remainder),
  // What `storedFilter` makes of $regex.
  $matches: (path: string, [source, options]: readonly [string, string]) => {
    const test = patternOf(source, options)
    return some(path, (found) => typeof found === 'string' && test(found))
  },
  $all,
}

function $all(path: string, wanted: readonly unknown[], options: never): Test {
  const matches = wanted.filter((item) => isElemMatch(item))
  const values = wanted.filter((item) => !isElemMatch(item))
  // It takes its options as it got them itself.
  const rest = matches.length === 0 ? undefined : mingoAll(path, matches as never, options)
  const tests = values.map((value) => some(path, (found) => compareValues(found, value) === 0))
  return (document) =>
    wanted.length > 0 && tests.every((test) => test(document)) && (rest === undefined || rest(document as never))
}

function some(path: string, test: (value: unknown) => boolean): Test {
  const parts = path.split('.')
  return (document) => valuesAt(document, parts).values.some(test)
}

function not(test: Test): Test {
  return (document) => !test(document)
}

// A value compares with values of its kind only, and NaN with NaN only.
function comparing(
  bound: unknown,
  takesEqual: boolean,
  holds: (order: number) => boolean,
): (value: unknown) => boolean {
  const kind = kindOf(bound)
  const isNaN = isNaNValue(bound)
  return (value) => {
    if (kindOf(value) !== kind) return false
    if (isNaN || isNaNValue(value)) return takesEqual && isNaN && isNaNValue(value)
    return holds(compareValues(value, bound))
  }
}

function isOneOf(values: readonly unknown[]): (value: unknown) => boolean {
  return (found) => values.some((value) => compareValues(found, value) === 0)
}

function isOfType(names: string | readonly string[]): (value: unknown) => boolean {
  const wanted = typeof names === 'string' ? [names] : names
  return (value) =>
    wanted.some((name) => {
      if (name === 'number' || name === 'bigint') return typeof value === name
      return value !== undefined && kindOf(value) === kindOfName[name]
    })
}

function isElemMatch(item: unknown): boolean {
  return typeof item === 'object' && item !== null && Object.keys(item)[0] === '$elemMatch'
}
