// ReaderActor: runs queries of a collection. It has no state and leaves no actor; it is where the handlers run that walk
// over indexes and documents. As queries they answer pages, at one position; as messages they take part in transactions.

import { Actor, registerActor } from '@streamy-db/actors'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { type Catalogue, parseCatalogue } from '../catalogue/catalogue.ts'
import { FilterInvalid, ScanRefused, TooManyDocuments } from '../document-errors.ts'
import { filterOfText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import { type FindPage, type FindQuery, plannedQuery, summaryOf } from './find-query.ts'
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
  queries: { page: {} },
})
