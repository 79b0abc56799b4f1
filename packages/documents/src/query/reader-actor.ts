// ReaderActor: runs queries of a collection. It has no state and leaves no actor; it is where the handlers run that walk
// over indexes and documents. As queries they answer pages, at one position; as messages they take part in transactions.

import { Actor, registerActor } from '@streamy-db/actors'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { type Catalogue, parseCatalogue } from '../catalogue/catalogue.ts'
import { OrderedIndex } from '@streamy-db/kv'
import { treeOf } from '../collection-name.ts'
import { FilterInvalid, ScanRefused, TooManyDocuments } from '../document-errors.ts'
import { filterOfText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import { type CountPage, type FindPage, type FindQuery, plannedQuery, summaryOf } from './find-query.ts'
import { IndexScan } from './index-scan.ts'
import { planQuery } from './query-plan.ts'

/** Queries at work. Its key is the name of the collection. */
export class ReaderActor extends Actor {
  /**
   * Documents of a query behind the item `after`, `limit` at most. There are fewer, and yet a rest, where so many were
   * looked at in vain that others wait.
   */
  page(query: FindQuery, after: string | undefined, limit: number): FindPage {
    const plan = planQuery(this.catalogue(), plannedQuery(query))
    const scan = new IndexScan(this, this.key, plan, filterOfText(query.filter))
    const documents: unknown[] = []
    if (limit > 0)
      for (const { document } of scan.documents({ after, keysMax: documentLimits.pageKeysMax, usesEntries: true })) {
        documents.push(document)
        if (documents.length >= limit) break
      }
    const { keysExamined, documentsExamined, isOver, lastItem } = scan
    return { documents, next: isOver ? undefined : lastItem, keysExamined, documentsExamined, plan: summaryOf(plan) }
  }

  /** How many documents a query finds behind the item `after`; goes on at `next`, as pages do. */
  count(query: FindQuery, after: string | undefined): CountPage {
    const plan = planQuery(this.catalogue(), plannedQuery(query))
    const scan = new IndexScan(this, this.key, plan, filterOfText(query.filter))
    const options = { after, keysMax: documentLimits.pageKeysMax, usesEntries: true }
    let count = 0
    // Where the bounds say all that the filter does, keys are counted and no document is looked at.
    const found = plan.exact ? scan.items(after, options.keysMax) : scan.documents(options)
    while (found.next().done !== true) count += 1
    const { keysExamined, documentsExamined, isOver, lastItem } = scan
    return { count, next: isOver ? undefined : lastItem, keysExamined, documentsExamined, plan: summaryOf(plan) }
  }

  /** Items of the index of an epoch behind `after`, for whoever verifies it. */
  items(epoch: number, after: string | undefined, limit: number): readonly string[] {
    const tree = new OrderedIndex(this, treeOf(this.key, epoch))
    const from = after === undefined ? '' : `${after}\u0001`
    return [...tree.pages({ from, to: undefined }, { descending: false, limit })].flat()
  }

  /** Log time, in milliseconds. */
  time(): number {
    return this.now
  }

  /** `page` as a message, for transactions that hold what they read. */
  read(query: FindQuery, after: string | undefined, limit: number): FindPage {
    const page = this.page(query, after, limit)
    this.destroy()
    return page
  }

  private catalogue(): Catalogue {
    return parseCatalogue(this.actor(CatalogueActor, this.key).text())
  }
}

registerActor(ReaderActor, {
  name: 'doc.Reader',
  errors: [FilterInvalid, ScanRefused, TooManyDocuments],
  messages: { read: {} },
  queries: { page: {}, count: {}, items: {}, time: {} },
})
