// Applies updates to documents, with mingo's operators. An update travels as text, with its array filters. Where mingo
// would pass over what an operator cannot work on, this throws, as MongoDB does.

import { update as mingoUpdate } from 'mingo/updater'
import { UpdateInvalid } from '../document-errors.ts'
import { checkFilter } from '../filter/filter-check.ts'
import { filterContext, filterOfText, storedFilter } from '../filter/filter.ts'
import { mingoFilter, mingoPull } from '../filter/mingo-filter.ts'
import { valuesAt } from '../index-keys/path-values.ts'
import { documentLimits } from '../limits.ts'
import { textOfValue, valueOfText } from '../stored-text.ts'
import { checkUpdate, invalid, isPositional } from './update-check.ts'

type Plain = Readonly<Record<string, unknown>>
type Update = Readonly<Record<string, Plain>>

interface StoredUpdate {
  readonly update: Update
  readonly arrayFilters: readonly Plain[]
}

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
 * Applies an update to a copy that is the caller's: it is changed. `filter` is the text of the filter that met the
 * document, for positions; `isInsert` lets `$setOnInsert` work. Throws UpdateInvalid.
 */
export function applyUpdate(
  document: Record<string, unknown>,
  text: string,
  filter: string | undefined,
  isInsert: boolean,
): Updated {
  // Whoever may write into the log may write another text: it is checked like one from outside.
  const { update, arrayFilters } = valueOfText(text) as StoredUpdate
  checkUpdate(update)
  const { $setOnInsert, ...others } = update
  const operators: Update =
    isInsert && $setOnInsert !== undefined ? { ...others, $set: { ...others['$set'], ...$setOnInsert } } : others
  if (Object.keys(operators).length === 0) return { document, modified: false }
  checkOperands(document, operators)
  const condition = isPositional(operators) ? filterOfText(filter ?? '').filter : {}
  return { document, modified: run(document, operators, arrayFilters, condition) }
}

function run(
  document: Record<string, unknown>,
  operators: Update,
  filters: readonly Plain[],
  condition: Plain,
): boolean {
  try {
    const fields = mingoUpdate(
      document as never,
      operatorsForMingo(operators) as never,
      filters.map(mingoFilter) as never,
      mingoFilter(condition) as never,
      { cloneMode: 'copy', queryOptions: { context: filterContext, scriptEnabled: false } },
    )
    return fields.length > 0
  } catch (cause) {
    if (cause instanceof UpdateInvalid) throw cause
    // What mingo throws is a plain Error with a message for people, and any other mistake of an update ends here too.
    throw invalid(
      undefined,
      '',
      `The update cannot be applied: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
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
