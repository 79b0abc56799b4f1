// The operators of filters that compare values. They stand in for mingo's own, which order numbers, bigints, NaN and text
// in ways of their own: what a filter says and what an index lists must be the same order (`compare-values.ts`), over
// the same values (`path-values.ts`). Logic, $exists, $size and $elemMatch are mingo's.

import { $elemMatch } from 'mingo/operators/query'
import { compareValues, isNaNValue, kindOf } from '../index-keys/compare-values.ts'
import { keyTags } from '../index-keys/index-key-codec.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import { type AllOperand, Operand } from './mingo-filter.ts'
import { patternOf } from './pattern.ts'

type Test = (document: unknown) => boolean
type Operator = (path: string, argument: unknown, options: never) => Test

const kindOfName: Readonly<Record<string, number>> = {
  null: keyTags.nothing,
  string: keyTags.string,
  object: keyTags.object,
  array: keyTags.array,
  bytes: keyTags.bytes,
  bool: keyTags.boolean,
  date: keyTags.date,
}

/** Comparing operators by name, as mingo takes them; arguments are wrapped as in `mingo-filter.ts`. */
export const queryOperators: Readonly<Record<string, Operator>> = mapped({
  $eq: (path, value) => some(path, isEqualTo(value)),
  $ne: (path, value) => not(some(path, isEqualTo(value))),
  $in: (path, value) => some(path, isOneOf(value as readonly unknown[])),
  $nin: (path, value) => not(some(path, isOneOf(value as readonly unknown[]))),
  $gt: (path, value) =>
    some(
      path,
      comparing(value, false, (order) => order > 0),
    ),
  $gte: (path, value) =>
    some(
      path,
      comparing(value, true, (order) => order >= 0),
    ),
  $lt: (path, value) =>
    some(
      path,
      comparing(value, false, (order) => order < 0),
    ),
  $lte: (path, value) =>
    some(
      path,
      comparing(value, true, (order) => order <= 0),
    ),
  $type: (path, value) => some(path, isOfType(value as string | readonly string[])),
  $mod: (path, value) => {
    const [divisor, remainder] = value as readonly [number, number]
    return some(path, (found) => typeof found === 'number' && Math.trunc(found) % divisor === remainder)
  },
  // What `mingo-filter.ts` makes of $regex.
  $matches: (path, value) => {
    const [source, options] = value as readonly [string, string]
    const test = patternOf(source, options)
    return some(path, (found) => typeof found === 'string' && test(found))
  },
  $all,
})

function $all(path: string, value: unknown, options: never): Test {
  const { values, matches } = value as AllOperand
  const rest = matches.map((match) => $elemMatch(path, match['$elemMatch'] as never, options))
  const tests = values.map((wanted) => some(path, isEqualTo(wanted)))
  // An empty list wants nothing, and matches nothing.
  return (document) =>
    tests.length + rest.length > 0 &&
    tests.every((test) => test(document)) &&
    rest.every((test) => test(document as never))
}

// mingo passes on an argument as it was wrapped, or, from $pullAll, as it was.
function mapped(operators: Readonly<Record<string, Operator>>): Readonly<Record<string, Operator>> {
  const entries = Object.entries(operators).map(([name, operator]): [string, Operator] => [
    name,
    (path, argument, options) => operator(path, argument instanceof Operand ? argument.value : argument, options),
  ])
  return Object.fromEntries(entries)
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

function isEqualTo(value: unknown): (found: unknown) => boolean {
  return (found) => compareValues(found, value) === 0
}

function isOneOf(values: readonly unknown[]): (found: unknown) => boolean {
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
