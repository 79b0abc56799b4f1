// Compares what a collection answers with what the model does, through every index that can answer.

import { deepStrictEqual } from 'node:assert/strict'
import { StreamyError } from '@streamy-db/core'
import type { Collection } from '../collection/collection.ts'
import type { AnyDocument, Filter } from '../collection/document-types.ts'
import { sortDocuments } from '../query/sort-documents.ts'
import type { CollectionModel } from './collection-model.ts'
import type { RandomQuery } from './document-arbitraries.ts'

/** Runs a query without a hint and with each of `hints`; answers how many indexes could answer it. */
export async function compareQuery(
  collection: Collection,
  model: CollectionModel,
  query: RandomQuery,
  hints: readonly string[],
): Promise<number> {
  const { filter, sort, skip, limit } = query
  const expected = model.find(query)
  let answered = 0
  for (const hint of [undefined, ...hints]) {
    const options = sort === undefined ? {} : { sort, skip, ...(limit === undefined ? {} : { limit }) }
    const hinted = { ...options, ...(hint === undefined ? {} : { hint }) } as object
    const typed = filter as Filter<AnyDocument>
    const found = await orUnusable(() => collection.find(typed, hinted).toArray())
    if (found === undefined) continue
    answered += 1
    deepStrictEqual(sort === undefined ? sortDocuments(found, []) : found, expected)
    const counted = await collection.countDocuments(typed, hint === undefined ? {} : { hint })
    deepStrictEqual(counted, model.find({ filter, sort: undefined, skip: 0, limit: undefined }).length)
    await comparePages(collection, typed, hinted, found)
  }
  return answered
}

// Pages that are cut anywhere hold what one list does.
async function comparePages(
  collection: Collection,
  filter: Filter<AnyDocument>,
  options: object,
  whole: readonly unknown[],
): Promise<void> {
  const plan = await collection.find(filter, options).explain()
  if (!plan.sortedByIndex) return
  const paged: unknown[] = []
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const { skip: _, limit: __, ...rest } = options as { skip?: number; limit?: number }
    const page = await collection.find(filter, { ...rest, ...(cursor === undefined ? {} : { cursor }) }).page(2)
    paged.push(...page.documents)
    cursor = page.cursor
  }
  const { skip = 0, limit = Infinity } = options as { skip?: number; limit?: number }
  deepStrictEqual(paged.slice(skip, skip + limit), whole)
}

async function orUnusable<Found>(run: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof StreamyError && error.code === 'OPTIONS_INVALID' && error.message.includes('cannot answer'))
      return undefined
    throw error
  }
}
