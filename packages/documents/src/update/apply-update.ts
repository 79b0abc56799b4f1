// Applies updates to documents, with mingo's operators. An update travels as text, with its array filters. Where mingo
// would pass over what an operator cannot work on, this throws, as MongoDB does.

import { $addToSet, $inc, $max, $min, $mul, $pop, $push, $set, $unset } from 'mingo/operators/update'
import { update as mingoUpdate } from 'mingo/updater'
import { MingoError } from 'mingo/util'
import type { Plain } from '../plain-object.ts'
import { BoundedMemo } from '../bounded-memo.ts'
import { checkFilter } from '../filter/filter-check.ts'
import { filterContext, filterOfText, storedFilter } from '../filter/filter.ts'
import { mingoFilter, mingoPull } from '../filter/mingo-filter.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import { documentLimits } from '../limits.ts'
import { textOfValue, valueOfText } from '../stored-text.ts'
import { checkUpdate, invalid, isPositional } from './update-check.ts'

type Update = Readonly<Record<string, Plain>>

interface StoredUpdate {
  readonly update: Update
  readonly arrayFilters: readonly Plain[]
}

type Mutation = (document: never) => readonly string[]

/** An update as it works on documents that are there, or on those that an upsert inserts. */
interface UpdateVariant {
  readonly operators: Update
  /** Undefined for those that mingo has to prepare anew each time. */
  readonly mutations: readonly Mutation[] | undefined
}

interface CompiledUpdate {
  readonly arrayFilters: readonly Plain[]
  readonly onUpdate: UpdateVariant
  readonly onInsert: UpdateVariant
}

const simpleOperators: Readonly<Record<string, (paths: never) => Mutation>> = {
  $set,
  $unset,
  $inc,
  $mul,
  $min,
  $max,
  $push,
  $addToSet,
  $pop,
}

const memo = new BoundedMemo<CompiledUpdate>(compileUpdate)

/** What an update came to. */
export interface Updated {
  readonly document: Readonly<Record<string, unknown>>
  readonly modified: boolean
}

/** The text of an update. Throws UpdateInvalid and FilterInvalid. */
export function updateText(update: unknown, arrayFilters: readonly unknown[] = []): string {
  checkUpdate(update)
  for (const filter of arrayFilters) checkFilter(filter)
  const stored: StoredUpdate = {
    update: storedOperators(update),
    arrayFilters: arrayFilters.map(storedFilter) as Plain[],
  }
  const text = textOfValue(stored, 'an update')
  if (text.length <= documentLimits.documentBytesMax) return text
  throw invalid(undefined, '', `An update has ${text.length} bytes, above ${documentLimits.documentBytesMax}`)
}

/**
 * Applies an update to a copy that is the caller's: it is changed, and may share parts of the update afterwards. `filter`
 * is the text of the filter that met the document, for positions; `isInsert` lets `$setOnInsert` work. Throws
 * UpdateInvalid.
 */
export function applyUpdate(
  document: Record<string, unknown>,
  text: string,
  filter: string | undefined,
  isInsert: boolean,
): Updated {
  const compiled = memo.get(text)
  const variant = isInsert ? compiled.onInsert : compiled.onUpdate
  checkOperands(document, variant.operators)
  const changed = attempt(() =>
    variant.mutations === undefined
      ? mingoUpdated(document, variant.operators, compiled.arrayFilters, filter)
      : mutated(document, variant.mutations),
  )
  return { document, modified: changed }
}

// Whoever may write into the log may write another text than `updateText`: it is checked like one from outside.
function compileUpdate(text: string): CompiledUpdate {
  const { update, arrayFilters } = valueOfText(text) as StoredUpdate
  checkUpdate(update)
  const { $setOnInsert, ...others } = update
  const whole = $setOnInsert === undefined ? others : { ...others, $set: { ...others['$set'], ...$setOnInsert } }
  return { arrayFilters, onUpdate: variantOf(others), onInsert: variantOf(whole) }
}

// Most updates need nothing of what mingo prepares for each: no positions, no conditions, no clock.
function variantOf(operators: Update): UpdateVariant {
  const names = Object.keys(operators)
  const isSimple =
    names.every((name) => Object.hasOwn(simpleOperators, name)) &&
    Object.values(operators).every((paths) => !Object.keys(paths).some((path) => path.includes('$')))
  return {
    operators,
    mutations: isSimple ? names.map((name) => simpleOperators[name]!(operators[name] as never)) : undefined,
  }
}

function mutated(document: Record<string, unknown>, mutations: readonly Mutation[]): boolean {
  let changed = false
  for (const mutate of mutations) if (mutate(document as never).length > 0) changed = true
  return changed
}

function mingoUpdated(
  document: Record<string, unknown>,
  operators: Update,
  filters: readonly Plain[],
  filter: string | undefined,
): boolean {
  const condition = isPositional(operators) && filter !== undefined ? filterOfText(filter).filter : {}
  const fields = mingoUpdate(
    document as never,
    operatorsForMingo(operators) as never,
    filters.map(mingoFilter) as never,
    mingoFilter(condition) as never,
    { cloneMode: 'copy', queryOptions: { context: filterContext, scriptEnabled: false } },
  )
  return fields.length > 0
}

function attempt<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof MingoError)) throw cause
    throw invalid(undefined, '', `The update cannot be applied: ${cause.message}`)
  }
}

function storedOperators(update: Update): Update {
  const { $pull } = update
  return $pull === undefined ? update : { ...update, $pull: storedFilter($pull) as Plain }
}

function operatorsForMingo(update: Update): Update {
  const { $pull } = update
  if ($pull === undefined) return update
  const pulled = Object.entries($pull).map(([path, argument]) => [path, mingoPull(argument)])
  return { ...update, $pull: Object.fromEntries(pulled) as Plain }
}

// mingo leaves alone what an operator cannot work on; a write that quietly does nothing is worse than one that fails.
function checkOperands(document: Plain, operators: Update): void {
  for (const [name, paths] of Object.entries(operators)) {
    const wanted = operandKinds[name]
    if (wanted === undefined) continue
    for (const path of Object.keys(paths)) {
      if (path.includes('$')) continue
      const { values, throughArray } = valuesAt(document, path.split('.'))
      const [first] = values
      if (first === undefined || (throughArray && !Array.isArray(first)) || wanted.takes(first)) continue
      throw invalid(
        name,
        path,
        `${name} at ${path} met ${first === null ? 'null' : `a ${typeof first}`}: it needs ${wanted.what}`,
      )
    }
  }
}

const numbers = { what: 'a number', takes: (value: unknown): boolean => typeof value === 'number' }
const lists = { what: 'a list', takes: (value: unknown): boolean => Array.isArray(value) }
const operandKinds: Readonly<Record<string, { readonly what: string; takes(value: unknown): boolean } | undefined>> = {
  $inc: numbers,
  $mul: numbers,
  $push: lists,
  $addToSet: lists,
  $pull: lists,
  $pullAll: lists,
  $pop: lists,
}
