// Checks updates before they are sent, and again before they are applied: operators from a list, each with paths and
// arguments that it can take. What an update meets in a document is checked where it is applied (`apply-update.ts`).

import { isPlain, type Plain } from '../plain-object.ts'
import { checkLiteral } from '../document-check.ts'
import { UpdateInvalid } from '../document-errors.ts'
import { checkFilter, isCondition } from '../filter/filter-check.ts'

type CheckArgument = (argument: unknown) => string | undefined

/** Operators of an update, by name. */
const operators: Readonly<Record<string, CheckArgument>> = {
  $set: checkLiteral,
  $setOnInsert: checkLiteral,
  $unset: () => undefined,
  $inc: checkNumber,
  $mul: checkNumber,
  $min: checkLiteral,
  $max: checkLiteral,
  $rename: (argument) =>
    typeof argument === 'string' && pathProblem(argument, false) === undefined ? undefined : 'no path to a field',
  $currentDate: (argument) => {
    const type: unknown = isPlain(argument) ? argument['$type'] : undefined
    return argument === true || type === 'date' || type === 'timestamp' ? undefined : 'neither true nor a $type'
  },
  $push: (argument) => checkItems(argument, ['$each', '$position', '$slice', '$sort']),
  $addToSet: (argument) => checkItems(argument, ['$each']),
  $pop: (argument) => (argument === 1 || argument === -1 ? undefined : 'neither 1 nor -1'),
  $pull: (argument) => {
    if (isPlain(argument)) checkFilter(isCondition(argument) ? { item: argument } : argument)
    else if (argument instanceof RegExp) checkFilter({ item: argument })
    else return checkLiteral(argument)
    return undefined
  },
  $pullAll: (argument) => (Array.isArray(argument) ? checkLiteral(argument) : 'no list'),
}

/** Throws {@link UpdateInvalid} for anything but an update, and FilterInvalid for a filter within it. */
export function checkUpdate(update: unknown): asserts update is Readonly<Record<string, Plain>> {
  if (!isPlain(update)) throw invalid(undefined, '', 'An update is an object of operators, as { $set: { … } }')
  const names = Object.keys(update)
  if (names.length === 0) throw invalid(undefined, '', 'An update has no operator')
  for (const name of names) checkOperator(name, update[name])
  checkConflicts(update as Readonly<Record<string, Plain>>)
}

/** Whether an update names the item that its filter met: `items.$.price`. */
export function isPositional(update: Readonly<Record<string, Plain>>): boolean {
  return Object.values(update).some((paths) => Object.keys(paths).some((path) => path.split('.').includes('$')))
}

/** The error for an update that cannot be applied. */
export function invalid(operator: string | undefined, path: string, problem: string): UpdateInvalid {
  return new UpdateInvalid(`${problem}. Nothing was written.`, { operator, path })
}

function checkOperator(name: string, paths: unknown): void {
  const check = Object.hasOwn(operators, name) ? operators[name] : undefined
  if (check === undefined)
    throw name.startsWith('$')
      ? invalid(name, '', `The operator ${name} is unknown, or not allowed in an update`)
      : invalid(undefined, name, `The update names the field ${name} without an operator: use $set, or replaceOne`)
  if (!isPlain(paths)) throw invalid(name, '', `${name} takes an object of paths`)
  for (const [path, argument] of Object.entries(paths)) {
    const problem = pathProblem(path, true)
    if (problem !== undefined)
      throw invalid(name, path, `${name} was given the path ${JSON.stringify(path)}, ${problem}`)
    const wrong = check(argument)
    if (wrong !== undefined) throw invalid(name, path, `${name} at ${path} was given ${wrong}`)
  }
}

// No two paths of an update may lead to the same place, or one within another.
function checkConflicts(update: Readonly<Record<string, Plain>>): void {
  const paths = Object.entries(update).flatMap(([name, changed]) =>
    Object.entries(changed).flatMap(([path, argument]) => (name === '$rename' ? [path, argument as string] : [path])),
  )
  // Sorted by their parts, a path stands right before those within it.
  const sorted = paths.map((path) => `${path}.`.replaceAll('.', '\0')).toSorted((a, b) => (a < b ? -1 : 1))
  for (let index = 1; index < sorted.length; index++)
    if (sorted[index]!.startsWith(sorted[index - 1]!)) {
      const path = sorted[index]!.slice(0, -1).replaceAll('\0', '.')
      throw invalid(undefined, path, `The update changes ${path} twice`)
    }
}

function pathProblem(path: string, takesPositions: boolean): string | undefined {
  for (const part of path.split('.')) {
    if (part === '') return 'which has an empty name'
    if (part === '__proto__' || part === 'constructor' || part === 'prototype') return `and no field is named ${part}`
    if (part.startsWith('$') && !(takesPositions && /^\$(\[[a-z]\w*\]|\[\])?$/.test(part)))
      return `and ${part} is neither a name nor a position`
  }
  return undefined
}

function checkNumber(argument: unknown): string | undefined {
  return typeof argument === 'number' && Number.isFinite(argument) ? undefined : 'no finite number'
}

// Either one item, or modifiers.
function checkItems(argument: unknown, modifiers: readonly string[]): string | undefined {
  if (!isPlain(argument) || !Object.keys(argument).some((key) => key.startsWith('$'))) return checkLiteral(argument)
  const unknown = Object.keys(argument).find((key) => !modifiers.includes(key))
  if (unknown !== undefined) return `the unknown modifier ${unknown}`
  const { $each, $position = 0, $slice = 0, $sort = 1 } = argument
  if (!Array.isArray($each)) return 'modifiers without a list in $each'
  if (!Number.isSafeInteger($position) || !Number.isSafeInteger($slice)) return 'no whole number in $position or $slice'
  const directions: readonly unknown[] = isPlain($sort) ? Object.values($sort) : [$sort]
  if (directions.length !== 1 || !directions.every((direction) => direction === 1 || direction === -1))
    return 'a $sort other than 1, -1, or one path with one of them'
  return checkLiteral($each)
}
