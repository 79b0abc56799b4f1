// Options of queries, and the query that they make: the same for clients, transactions and handlers.

import { StreamyError } from '@streamy-db/core'
import { filterText } from '../filter/filter.ts'
import { sortSpecOf } from '../query/sort-documents.ts'
import type { Filter, FieldProjection, Sort } from './document-types.ts'
import type { CursorQuery } from './find-cursor.ts'
import { checkProjection } from './project-documents.ts'

/** Options of a query. */
export interface FindOptions<Document> {
  readonly sort?: Sort<Document>
  readonly limit?: number
  readonly skip?: number
  /** Fields to show, or to leave out. */
  readonly projection?: FieldProjection<Document>
  /** The name of the index to use; `_id` is the one of all documents. */
  readonly hint?: string
  /** Go on where an earlier page of the same query ended. */
  readonly cursor?: string
  /** Whether more documents than `documentLimits.scanDocumentsMax` may be looked at without an index. */
  readonly allowScan?: boolean
}

/** The query of a filter and options. Throws FilterInvalid and OPTIONS_INVALID. */
export function cursorQuery<Document>(
  collection: string,
  filter: Filter<Document> | undefined,
  options: FindOptions<Document> = {},
): CursorQuery {
  const { sort, limit = Infinity, skip = 0, projection, hint, cursor, allowScan = false } = options
  if (limit !== Infinity) checkCount('limit', limit)
  checkCount('skip', skip)
  if (projection !== undefined) checkProjection(projection)
  return {
    collection,
    filter: filterText(filter ?? {}),
    sort: sortSpecOf(sort),
    hint,
    skip,
    limit,
    projection,
    cursor,
    allowScan,
  }
}

function checkCount(what: string, count: unknown): void {
  if (Number.isSafeInteger(count) && Number(count) >= 0) return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `The ${what} of a query is ${String(count)}. Give a whole number from 0 on.`,
  )
}
