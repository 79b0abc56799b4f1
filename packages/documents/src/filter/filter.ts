// Filters: compiled by mingo with a context that holds the allowed operators and nothing else, so that nothing random,
// nothing that runs code and nothing that asks ICU can be reached. A filter travels as text (`filterText`), and what was
// compiled of a text is remembered.

import { Context } from 'mingo/core'
import { $and, $elemMatch, $exists, $nor, $not, $or, $size } from 'mingo/operators/query'
import { Query } from 'mingo/query'
import { isPlain } from '../plain-object.ts'
import { BoundedMemo } from '../bounded-memo.ts'
import { FilterInvalid } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'
import { textOfValue, valueOfText } from '../stored-text.ts'
import { checkFilter } from './filter-check.ts'
import { mingoFilter } from './mingo-filter.ts'
import { queryOperators } from './query-operators.ts'

/** A filter ready for use. */
export interface CompiledFilter {
  /** In stored form, without instances of RegExp. */
  readonly filter: Readonly<Record<string, unknown>>
  readonly matches: (document: unknown) => boolean
}

/** The operators that filters may use, for whatever of mingo takes filters. */
export const filterContext: Context = Context.init()
  // Ours are functions of a path, an argument and options too; their types are narrower than mingo's.
  .addQueryOps(queryOperators as unknown as Parameters<Context['addQueryOps']>[0])
  .addQueryOps({ $and, $elemMatch, $exists, $nor, $not, $or, $size })

const memo = new BoundedMemo<CompiledFilter>((text) => compileFilter(valueOfText(text)))

/** The text of a filter. Throws {@link FilterInvalid}. */
export function filterText(filter: unknown): string {
  checkFilter(filter)
  const text = textOfValue(storedFilter(filter) as object, 'a filter')
  if (text.length <= documentLimits.filterBytesMax) return text
  throw new FilterInvalid(
    `A filter has ${text.length} bytes, above the limit of ${documentLimits.filterBytesMax}. Split it.`,
    { operator: undefined, path: '' },
  )
}

/** The filter of a text. Throws {@link FilterInvalid}. */
export function filterOfText(text: string): CompiledFilter {
  return memo.get(text)
}

/** Compiles a filter. Throws {@link FilterInvalid}. */
export function compileFilter(filter: unknown): CompiledFilter {
  checkFilter(filter)
  const stored = storedFilter(filter) as Readonly<Record<string, unknown>>
  const query = new Query(mingoFilter(stored) as never, { context: filterContext, scriptEnabled: false })
  return { filter: stored, matches: (document) => query.test(document as never) }
}

/** A filter, or a part of one, with its regular expressions as data. */
export function storedFilter(value: unknown): unknown {
  if (value instanceof RegExp) return { $regex: value.source, $options: value.flags }
  if (Array.isArray(value)) return value.map(storedFilter)
  if (!isPlain(value)) return value
  const stored: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (key === '$regex' && item instanceof RegExp) {
      stored[key] = item.source
      stored['$options'] = item.flags + (typeof value['$options'] === 'string' ? value['$options'] : '')
    } else if (!(key === '$options' && Object.hasOwn(stored, key))) stored[key] = storedFilter(item)
  }
  return stored
}
