// FindQuery: a query in the form in which it travels to whoever runs it. Types, and what the parts of it mean.

import { filterOfText } from '../filter/filter.ts'
import type { PlannedQuery, QueryPlan, SortSpec } from './query-plan.ts'

/** What to look for. */
export interface FindQuery {
  readonly collection: string
  /** The text of the filter. */
  readonly filter: string
  readonly sort: SortSpec
  readonly hint: string | undefined
}

/** A part of a query's documents, in the order of its index. */
export interface FindPage {
  readonly documents: readonly unknown[]
  /** The item of the index behind which the query goes on; undefined when it is over. */
  readonly next: string | undefined
  readonly keysExamined: number
  readonly documentsExamined: number
  readonly plan: PlanSummary
}

/** A part of a count. */
export interface CountPage extends Omit<FindPage, 'documents'> {
  readonly count: number
}

/** What was chosen to answer a query. */
export interface PlanSummary {
  /** The name of the index; `_id` is the one of all documents. */
  readonly index: string
  readonly epoch: number
  /** Leading fields of the index that the filter binds to values, and whether it binds the next to a range. */
  readonly boundFields: number
  readonly hasRange: boolean
  /** How many ranges of the index are visited. */
  readonly ranges: number
  readonly descending: boolean
  /** Whether the index lists documents in the order that was asked for; else they are sorted in memory. */
  readonly sortedByIndex: boolean
  /** Whether all documents are looked at. */
  readonly fullScan: boolean
  /** Whether one key of a unique index leads to the only document. */
  readonly uniqueMatch: boolean
}

/** A query that is to be planned. */
export function plannedQuery({ filter, sort, hint }: FindQuery): PlannedQuery {
  return { filter: filterOfText(filter).filter, sort, hint }
}

/** A plan as its users see it. */
export function summaryOf(plan: QueryPlan): PlanSummary {
  return {
    index: plan.index.name,
    epoch: plan.index.epoch,
    boundFields: plan.boundFields,
    hasRange: plan.hasRange,
    ranges: plan.ranges.length,
    descending: plan.descending,
    sortedByIndex: plan.sorted,
    fullScan: plan.fullScan,
    uniqueMatch: plan.point !== undefined,
  }
}
