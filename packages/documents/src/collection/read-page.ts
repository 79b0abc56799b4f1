// Reads pages of queries from snapshots.

import type { FindPage, FindQuery } from '../query/find-query.ts'
import { CollectionCalls } from './collection-calls.ts'
import type { ReadPage } from './find-cursor.ts'

/** Reads a page with one query, which runs where the collection's reader is. */
export const readPage: ReadPage = async (snapshot, query, after, limit) =>
  // What the query `page` returns.
  (await snapshot.query(new CollectionCalls(query.collection).page(findQueryOf(query), after, limit))) as FindPage

/** What of a cursor's query travels. */
export function findQueryOf({ collection, filter, sort, hint }: FindQuery): FindQuery {
  return { collection, filter, sort, hint }
}
