// FindCursor: the documents of a query, page by page, all from one snapshot however long the reader takes. Where no index
// lists them in the order that was asked for, they are all read and sorted by the first step. The snapshot is opened by the
// first step and closed by the last one, so an iteration that is given up half-way must be ended: `for await` does that.

import { StreamyError } from '@streamy-db/core'
import type { LayerPort, LayerSnapshot } from '@streamy-db/runtime'
import { ScanRefused, TooManyDocuments } from '../document-errors.ts'
import { filterText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import type { FindPage, FindQuery, PlanSummary } from '../query/find-query.ts'
import { sortDocuments } from '../query/sort-documents.ts'
import { cursorAt, type CursorPlace, placeOfCursor } from './cursor-token.ts'
import { project } from './project-documents.ts'

/** A query as a cursor runs it. */
export interface CursorQuery extends FindQuery {
  readonly skip: number
  readonly limit: number
  readonly projection: Readonly<Record<string, unknown>> | undefined
  /** Where an earlier cursor of the same query stood. */
  readonly cursor: string | undefined
  readonly allowScan: boolean
}

/** Reads one page of a query from a snapshot. */
export type ReadPage = (
  snapshot: LayerSnapshot,
  query: FindQuery,
  after: string | undefined,
  limit: number,
) => Promise<FindPage>

/** Where the snapshot of a query comes from. */
export type SnapshotSource = Pick<LayerPort, 'snapshot'>

/** How a query was answered. */
export interface Explanation extends PlanSummary {
  readonly keysExamined: number
  readonly documentsExamined: number
  readonly documentsReturned: number
}

const matchesAll = filterText({})

/** Documents of a query; iterate it with `for await`. */
export class FindCursor<Document> implements AsyncIterableIterator<Document> {
  readonly #port: SnapshotSource
  readonly #query: CursorQuery
  readonly #readPage: ReadPage
  readonly #prepare: () => Promise<void>
  #snapshot: LayerSnapshot | undefined = undefined
  #page: readonly unknown[] = []
  #place = 0
  #pageMax: number = documentLimits.pageDocumentsMax
  readonly #resumed: CursorPlace | undefined
  // Where the index goes on; undefined before the first page.
  #after: string | undefined
  #isOver = false
  #skipLeft: number
  #left: number
  #keysExamined = 0
  #documentsExamined = 0
  #returned = 0
  #plan: PlanSummary | undefined = undefined

  constructor(port: SnapshotSource, query: CursorQuery, readPage: ReadPage, prepare: () => Promise<void>) {
    this.#port = port
    this.#query = query
    this.#readPage = readPage
    this.#prepare = prepare
    this.#resumed = query.cursor === undefined ? undefined : placeOfCursor(query.cursor)
    this.#after = this.#resumed?.item
    this.#skipLeft = query.skip
    this.#left = query.limit
  }

  /**
   * Goes on behind the last document, when given to the same query; undefined at the end, and where no index lists
   * documents in the order of the query. Ask when as many documents as the query's limit have been read.
   */
  get cursor(): string | undefined {
    const isWithin = this.#place < this.#page.length || this.#isOver || this.#plan?.sortedByIndex !== true
    return isWithin || this.#after === undefined ? undefined : cursorAt(this.#plan!.epoch, this.#after)
  }

  /** The next document. */
  async next(): Promise<IteratorResult<Document, undefined>> {
    while (this.#left > 0) {
      if (this.#place < this.#page.length) return this.#take(this.#page[this.#place++])
      if (this.#isOver) break
      await this.#turnPage()
    }
    this.#end()
    return { done: true, value: undefined }
  }

  /** Ends the iteration early. */
  return(): Promise<IteratorResult<Document, undefined>> {
    this.#end()
    this.#left = 0
    return Promise.resolve({ done: true, value: undefined })
  }

  /** All documents that are left. */
  async toArray(): Promise<Document[]> {
    const documents: Document[] = []
    for await (const document of this) documents.push(document)
    return documents
  }

  /**
   * One page of at most `size` documents, with a token: given as `cursor` to the same query, it goes on behind them, at
   * any later time. Needs an index that lists documents in the order of the query. Throws OPTIONS_INVALID.
   */
  async page(size: number): Promise<{ readonly documents: Document[]; readonly cursor: string | undefined }> {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new StreamyError('OPTIONS_INVALID', `A page of ${String(size)} documents: give a whole number from 1 on.`)
    const documents: Document[] = []
    try {
      while (documents.length < size && this.#left > 0 && !this.#isOver) {
        await this.#turnPage(size - documents.length)
        if (this.#plan?.sortedByIndex === false) throw notSortedByIndex(this.#query)
        while (this.#place < this.#page.length && documents.length < size)
          documents.push(this.#take(this.#page[this.#place++]).value)
      }
    } finally {
      this.#end()
    }
    const isMore = !this.#isOver && this.#left > 0
    return {
      documents,
      cursor: isMore && this.#after !== undefined ? cursorAt(this.#plan!.epoch, this.#after) : undefined,
    }
  }

  /** Runs the query, and tells how it was answered. */
  async explain(): Promise<Explanation> {
    await this.toArray()
    return {
      ...(this.#plan ?? (await this.#planOnly())),
      keysExamined: this.#keysExamined,
      documentsExamined: this.#documentsExamined,
      documentsReturned: this.#returned,
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(document: unknown): { done: false; value: Document } {
    this.#left -= 1
    this.#returned += 1
    const { projection } = this.#query
    // Documents are what was stored under the collection's schema.
    return { done: false, value: (projection === undefined ? document : project(document, projection)) as Document }
  }

  async #turnPage(wanted = Infinity): Promise<void> {
    try {
      const page = await this.#fetch(wanted)
      if (this.#plan!.sortedByIndex) this.#show(page.documents)
      else this.#show(sortDocuments(await this.#gather(page.documents), this.#query.sort))
    } catch (error) {
      this.#end()
      this.#left = 0
      throw error
    }
  }

  #show(documents: readonly unknown[]): void {
    const skipped = Math.min(this.#skipLeft, documents.length)
    this.#skipLeft -= skipped
    this.#page = documents
    this.#place = skipped
  }

  async #gather(first: readonly unknown[]): Promise<unknown[]> {
    const all = [...first]
    while (!this.#isOver) {
      all.push(...(await this.#fetch(Infinity)).documents)
      if (all.length > documentLimits.documentsInMemoryMax) throw tooManyToSort(this.#query.collection)
    }
    return all
  }

  async #fetch(wanted: number): Promise<FindPage> {
    if (this.#snapshot === undefined) await this.#prepare()
    this.#snapshot ??= await this.#port.snapshot()
    const isSorted = this.#plan?.sortedByIndex !== false
    const needed = isSorted ? Math.min(wanted, this.#left) + this.#skipLeft : Infinity
    const page = await this.#ask(this.#snapshot, needed)
    this.#plan = page.plan
    if (this.#resumed !== undefined && this.#resumed.epoch !== page.plan.epoch) throw cursorOfOther(this.#query)
    this.#after = page.next ?? this.#after
    this.#isOver = page.next === undefined
    this.#keysExamined += page.keysExamined
    this.#documentsExamined += page.documentsExamined
    this.#refuseLongScan(page)
    return page
  }

  // Pages of large documents do not fit one answer: then smaller ones are asked for, now and for the rest of the query.
  async #ask(snapshot: LayerSnapshot, needed: number): Promise<FindPage> {
    for (;;) {
      const limit = Math.min(this.#pageMax, needed)
      try {
        return await this.#readPage(snapshot, this.#query, this.#after, limit)
      } catch (error) {
        if (limit === 1 || !(error instanceof StreamyError) || error.code !== 'VALUE_TOO_LARGE') throw error
        this.#pageMax = limit >>> 1
      }
    }
  }

  async #planOnly(): Promise<PlanSummary> {
    const snapshot = await this.#port.snapshot()
    try {
      return (await this.#readPage(snapshot, this.#query, undefined, 0)).plan
    } finally {
      snapshot.close()
    }
  }

  // A filter without an index looks at documents in vain; to list all of them is no more than what was asked for.
  #refuseLongScan({ plan }: FindPage): void {
    const { scanDocumentsMax } = documentLimits
    const { collection, allowScan, filter } = this.#query
    if (allowScan || !plan.fullScan || filter === matchesAll || this.#documentsExamined <= scanDocumentsMax) return
    throw new ScanRefused(
      `A query of ${collection} has no index to go by, and would look at more than ${scanDocumentsMax} documents: add ` +
        'an index for its filter, or pass allowScan: true.',
      { collection, documentsMax: scanDocumentsMax },
    )
  }

  #end(): void {
    this.#snapshot?.close()
    this.#snapshot = undefined
  }
}

function cursorOfOther({ collection }: CursorQuery): StreamyError {
  return new StreamyError(
    'OPTIONS_INVALID',
    `The cursor of a query of ${collection} stands in an index that the query does not use, or no longer. Begin again.`,
  )
}

function notSortedByIndex({ collection }: CursorQuery): StreamyError {
  return new StreamyError(
    'OPTIONS_INVALID',
    `Pages of a query of ${collection} need an index that lists documents in its order: add one, or iterate it.`,
  )
}

function tooManyToSort(collection: string): TooManyDocuments {
  const { documentsInMemoryMax } = documentLimits
  return new TooManyDocuments(
    `A query of ${collection} would sort more than ${documentsInMemoryMax} documents in memory: add an index for its sort.`,
    { collection, documentsMax: documentsInMemoryMax },
  )
}
