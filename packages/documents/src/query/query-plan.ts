// Which index answers a query, over which ranges, in which direction: a pure function of the catalogue and the query.
//
// A full match of a unique index wins; then the index with the most fields bound by equality, then one with a range behind
// them, then one that lists documents in the order that is asked for. The index of all ids always serves, as a scan.

import { StreamyError } from '@streamy-db/core'
import type { IndexRange } from '@streamy-db/kv'
import type { Catalogue, CollectionIndex } from '../catalogue/catalogue.ts'
import { compareValues } from '../index-keys/compare-values.ts'
import { documentLimits } from '../limits.ts'
import { type Conjunct, type Conjuncts, conjunctsOf, excludesNothing } from './conjuncts.ts'
import { ABOVE, boundsSayAll, fieldBounds } from './field-bounds.ts'

/** Paths and directions, the most significant first. */
export type SortSpec = readonly (readonly [path: string, direction: 1 | -1])[]

/** How a query is answered. */
export interface QueryPlan {
  readonly index: CollectionIndex
  /** Ascending and apart from each other. */
  readonly ranges: readonly IndexRange[]
  readonly descending: boolean
  /** Whether documents come in the order that was asked for. */
  readonly sorted: boolean
  /** The text of the one key that there can be, in an index without two alike. */
  readonly point: string | undefined
  /** Whether nothing bounds the index. */
  readonly fullScan: boolean
  /** Whether every key in the ranges is of a document that the filter matches, and each document has one. */
  readonly exact: boolean
  /** Fields bound by equality or `$in`, and whether a range follows. */
  readonly boundFields: number
  readonly hasRange: boolean
}

/** What a plan is made for. */
export interface PlannedQuery {
  readonly filter: Readonly<Record<string, unknown>>
  readonly sort: SortSpec
  /** The name of the index to use. */
  readonly hint: string | undefined
}

/** The plan of a query. Throws OPTIONS_INVALID for a hint that cannot be followed. */
export function planQuery(catalogue: Catalogue, { filter, sort, hint }: PlannedQuery): QueryPlan {
  const conjuncts = conjunctsOf(filter)
  const candidates = catalogue.usable.filter((index) => answers(index, conjuncts))
  if (hint !== undefined) {
    const hinted = candidates.find(({ name }) => name === hint)
    if (hinted === undefined) throw hintUnusable(catalogue, hint)
    return planWith(hinted, conjuncts, sort)
  }
  let best: QueryPlan | undefined
  for (const index of candidates) {
    const plan = planWith(index, conjuncts, sort)
    if (best === undefined || scoreOf(plan) > scoreOf(best)) best = plan
  }
  // The index of all ids is always among them.
  return best!
}

function scoreOf({ point, boundFields, hasRange, sorted }: QueryPlan): number {
  return (point === undefined ? 0 : 10_000) + boundFields * 4 + (hasRange ? 2 : 0) + (sorted ? 1 : 0)
}

// Whether the index lists every document that the filter matches.
function answers({ sparse, where, fields }: CollectionIndex, { list }: Conjuncts): boolean {
  if (
    sparse &&
    !list.some((conjunct) => fields.some(({ path }) => path === conjunct.path) && excludesNothing(conjunct))
  )
    return false
  return where === undefined || implies(list, conjunctsOf(where))
}

// Whether whatever meets the conditions is in a partial index: each of its own is among them, or follows from one.
function implies(list: readonly Conjunct[], { list: wanted, complete }: Conjuncts): boolean {
  return (
    complete &&
    wanted.every((condition) =>
      list.some(
        (conjunct) =>
          conjunct.path === condition.path &&
          ((conjunct.operator === condition.operator && compareValues(conjunct.argument, condition.argument) === 0) ||
            (condition.operator === '$exists' && condition.argument === true && excludesNothing(conjunct))),
      ),
    )
  )
}

function planWith(index: CollectionIndex, conjuncts: Conjuncts, sort: SortSpec): QueryPlan {
  const { list } = conjuncts
  let prefixes: readonly string[] = ['']
  let boundFields = 0
  let ranges: IndexRange[] | undefined
  const fixed = new Set<string>()
  for (const field of index.fields) {
    const bounds = fieldBounds(field, list, index.multikey)
    if (bounds === undefined) break
    if (bounds.kind === 'range') {
      ranges = prefixes.map((prefix) => ({ from: prefix + bounds.low, to: prefix + bounds.high }))
      break
    }
    if (prefixes.length * bounds.texts.length > documentLimits.rangesPerPlanMax) break
    prefixes = prefixes.flatMap((prefix) => bounds.texts.map((text) => prefix + text))
    if (bounds.texts.length === 1) fixed.add(field.path)
    boundFields += 1
  }
  const hasRange = ranges !== undefined
  const isWhole = boundFields === index.fields.length
  const order = orderOf(index, fixed, sort)
  return {
    index,
    ranges: ranges?.filter(({ from, to }) => to === undefined || from < to) ?? prefixes.map(allBehind),
    descending: order === 'descending',
    sorted: order !== undefined,
    point: index.unique && isWhole && prefixes.length === 1 ? prefixes[0] : undefined,
    exact: isExact(index, conjuncts, boundFields + (hasRange ? 1 : 0)),
    fullScan: boundFields === 0 && !hasRange,
    boundFields,
    hasRange,
  }
}

// Each condition is on one of the first fields, and says no more than its bounds do.
function isExact(index: CollectionIndex, { list, complete }: Conjuncts, bound: number): boolean {
  if (!complete || index.multikey) return false
  const fields = index.fields.slice(0, bound)
  const counted = list.filter(({ path }) => fields.some((field) => field.path === path))
  return (
    counted.length === list.length &&
    fields.every(({ path }) => boundsSayAll(list.filter((conjunct) => conjunct.path === path)))
  )
}

function allBehind(prefix: string): IndexRange {
  return prefix === '' ? { from: '', to: undefined } : { from: prefix, to: prefix + ABOVE }
}

// The direction in which the index lists documents in the order of `sort`; undefined when it does in neither.
function orderOf(
  index: CollectionIndex,
  fixed: ReadonlySet<string>,
  sort: SortSpec,
): 'ascending' | 'descending' | undefined {
  let direction: 'ascending' | 'descending' | undefined
  if (sort.length > 0 && index.multikey) return undefined
  const fields = index.fields.filter(({ path }) => !fixed.has(path))
  // Behind its own fields an index lists documents by their ids, ascending.
  const listed = [...fields, { path: '_id', descending: false }]
  let place = 0
  for (const [path, wanted] of sort) {
    if (fixed.has(path)) continue
    const field = listed[place++]
    if (field === undefined || field.path !== path) return undefined
    const needed = field.descending === (wanted === -1) ? 'ascending' : 'descending'
    if (direction !== undefined && direction !== needed) return undefined
    direction = needed
    // Nothing is alike behind the id.
    if (path === '_id') break
  }
  return direction ?? 'ascending'
}

function hintUnusable(catalogue: Catalogue, hint: string): StreamyError {
  const names = catalogue.usable.map(({ name }) => name).join(', ')
  return new StreamyError(
    'OPTIONS_INVALID',
    `The index ${hint} cannot answer this query: it is not there, not ready yet, or leaves out documents that the ` +
      `filter may match. Ready are ${names}.`,
  )
}
