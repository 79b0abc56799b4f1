// Documents of a query, page by page, each a line of JSON. Where no index lists them in the order of the query there is one
// page, of as many as an answer holds.

import type { ServerAccess } from '../server-access.ts'
import { post } from './collection-request.ts'

/** The lines of the documents that a query's body names. */
export async function* documentPages(
  access: ServerAccess,
  collection: string,
  { limit = Infinity, ...query }: Readonly<Record<string, unknown>>,
): AsyncGenerator<readonly string[]> {
  let left = Number(limit)
  let cursor: unknown
  do {
    const answer = await post(access, collection, 'find', {
      ...query,
      ...(left !== Infinity && { limit: left }),
      ...(typeof cursor === 'string' && { cursor }),
    })
    const documents = answer['documents'] as readonly unknown[]
    left -= documents.length
    cursor = answer['cursor']
    yield documents.map((document) => JSON.stringify(document))
  } while (typeof cursor === 'string' && left > 0)
}
