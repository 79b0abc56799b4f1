// Checks filters before they are sent, and again before they are compiled: operators from a list, each with an argument
// that it can take. What is not on the list is refused by name; nothing is ignored. See `docs/documents.md` for the list.

import { isPlain, type Plain } from '../plain-object.ts'
import { checkLiteral } from '../document-check.ts'
import { FilterInvalid } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'
import { patternOf } from './pattern.ts'

type CheckArgument = (argument: unknown, place: Place, condition: Plain) => void

interface Place {
  readonly path: string
  readonly operator: string
  readonly depth: number
}

/** Names that `$type` takes. */
export const typeNames = ['null', 'number', 'bigint', 'string', 'object', 'array', 'bytes', 'bool', 'date'] as const

const operators: Readonly<Record<string, CheckArgument>> = {
  $eq: checkValue,
  $ne: checkValue,
  $gt: checkValue,
  $gte: checkValue,
  $lt: checkValue,
  $lte: checkValue,
  $in: checkValues,
  $nin: checkValues,
  $exists: (argument, place) => {
    if (typeof argument !== 'boolean') throw wrong(place, 'takes true or false')
  },
  $type: (argument, place) => {
    const names: readonly unknown[] = Array.isArray(argument) ? argument : [argument]
    const known: readonly unknown[] = typeNames
    if (names.length === 0 || !names.every((name) => known.includes(name)))
      throw wrong(place, `takes one or several of ${typeNames.join(', ')}`)
  },
  $mod: (argument, place) => {
    const numbers: readonly unknown[] = Array.isArray(argument) ? argument : []
    if (numbers.length !== 2 || !numbers.every(Number.isSafeInteger) || numbers[0] === 0)
      throw wrong(place, 'takes [divisor, remainder], whole numbers, the divisor not 0')
  },
  $regex: (argument, place, condition) => {
    const options = condition['$options'] ?? ''
    if (typeof options !== 'string') throw wrong(place, 'takes its $options as text')
    if (argument instanceof RegExp) patternOf(argument.source, argument.flags + options)
    else if (typeof argument === 'string') patternOf(argument, options)
    else throw wrong(place, 'takes a regular expression or text')
  },
  $options: (_argument, place, condition) => {
    if (!Object.hasOwn(condition, '$regex')) throw wrong(place, 'stands beside $regex only')
  },
  $size: (argument, place) => {
    if (!Number.isSafeInteger(argument) || Number(argument) < 0) throw wrong(place, 'takes a whole number from 0 on')
  },
  $all: (argument, place) => {
    if (!Array.isArray(argument)) throw wrong(place, 'takes a list')
    for (const item of argument as readonly unknown[])
      if (isPlain(item) && Object.keys(item)[0] === '$elemMatch') checkCondition(item, place)
      else checkValue(item, place)
  },
  $elemMatch: (argument, place) => {
    if (!isPlain(argument)) throw wrong(place, 'takes a filter or operators')
    if (isCondition(argument)) checkCondition(argument, place)
    else checkLevel(argument, place)
  },
  $not: (argument, place) => {
    if (argument instanceof RegExp) patternOf(argument.source, argument.flags)
    else if (isPlain(argument) && isCondition(argument)) checkCondition(argument, place)
    else throw wrong(place, 'takes operators or a regular expression; for a value use $ne')
  },
}

/** Throws {@link FilterInvalid} for anything but a filter. */
export function checkFilter(filter: unknown): asserts filter is Plain {
  checkLevel(filter, { path: '', operator: '', depth: 0 })
}

/** Whether an object holds operators, in place of a value. */
export function isCondition(value: Plain): boolean {
  return Object.keys(value).some((key) => key.startsWith('$') && key !== '$and' && key !== '$or' && key !== '$nor')
}

function checkLevel(filter: unknown, place: Place): void {
  if (!isPlain(filter)) throw invalid(place, `A filter is an object, and this is ${describe(filter)}`)
  if (place.depth >= documentLimits.filterDepthMax)
    throw invalid(place, `A filter is nested deeper than ${documentLimits.filterDepthMax} levels`)
  for (const [key, value] of Object.entries(filter)) {
    const inner = { path: join(place.path, key), operator: key, depth: place.depth + 1 }
    if (key === '$and' || key === '$or' || key === '$nor') checkBranches(value, { ...inner, path: place.path })
    else if (key.startsWith('$')) throw unknownOperator(key, place.path)
    else checkField(key, value, inner)
  }
}

function checkBranches(value: unknown, place: Place): void {
  if (!Array.isArray(value) || value.length === 0) throw wrong(place, 'takes a list of filters')
  for (const branch of value as readonly unknown[]) checkLevel(branch, place)
}

function checkField(path: string, value: unknown, place: Place): void {
  if (path.split('.').some((part) => part === '' || part === '__proto__' || part.startsWith('$')))
    throw invalid(place, `${JSON.stringify(path)} is no path to a field`)
  if (value instanceof RegExp) patternOf(value.source, value.flags)
  else if (isPlain(value) && isCondition(value)) checkCondition(value, place)
  else checkValue(value, { ...place, operator: '$eq' })
}

function checkCondition(condition: Plain, { path, depth }: Place): void {
  if (depth >= documentLimits.filterDepthMax)
    throw invalid({ path, operator: '' }, `A filter is nested deeper than ${documentLimits.filterDepthMax} levels`)
  for (const [operator, argument] of Object.entries(condition)) {
    const check = Object.hasOwn(operators, operator) ? operators[operator] : undefined
    if (check === undefined) throw unknownOperator(operator, path)
    check(argument, { path, operator, depth: depth + 1 }, condition)
  }
}

function checkValue(value: unknown, place: Place): void {
  const problem = checkLiteral(value)
  if (problem !== undefined) throw wrong(place, `was given ${problem}`)
}

function checkValues(values: unknown, place: Place): void {
  if (!Array.isArray(values)) throw wrong(place, 'takes a list of values')
  for (const value of values as readonly unknown[]) {
    if (value instanceof RegExp) throw wrong(place, 'takes no regular expressions: use $or with $regex')
    checkValue(value, place)
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function unknownOperator(operator: string, path: string): FilterInvalid {
  const where = path === '' ? '' : ` at ${path}`
  return new FilterInvalid(
    operator.startsWith('$')
      ? `The operator ${operator}${where} is unknown, or not allowed in a filter.`
      : `${operator} stands beside operators${where}. Use a dotted path for a field within a field.`,
    { operator, path },
  )
}

function wrong({ operator, path }: Place, problem: string): FilterInvalid {
  const where = path === '' ? '' : ` at ${path}`
  return new FilterInvalid(`${operator}${where} ${problem}.`, { operator, path })
}

function invalid({ path, operator }: Pick<Place, 'path' | 'operator'>, problem: string): FilterInvalid {
  return new FilterInvalid(`${problem}.`, { operator: operator === '' ? undefined : operator, path })
}
