// CollectionInHandler: a collection inside the handler of an actor: synchronous, and part of the handler's transaction. Its
// reads see what the handler has written. What it uses belongs to the footprint: where that was not declared, the
// transaction is tried again with it.

import type { Actor } from '@streamy-db/actors'
import { documentKey } from '../collection-name.ts'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { parseCatalogue } from '../catalogue/catalogue.ts'
import { TooManyDocuments } from '../document-errors.ts'
import { type DocumentId, textOfId } from '../document-id.ts'
import { filterOfText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import { plannedQuery } from '../query/find-query.ts'
import { IndexScan } from '../query/index-scan.ts'
import { planQuery } from '../query/query-plan.ts'
import { sortDocuments } from '../query/sort-documents.ts'
import type { DocumentActor } from '../storage/document-actor.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import { WriterActor } from '../storage/writer-actor.ts'
import { type BulkWrite, CollectionCore, type UpdateOptions } from './collection-core.ts'
import type { CollectionDefinition } from './collection-definition.ts'
import type { AnyDocument, Filter, Insertable, Update } from './document-types.ts'
import { cursorQuery, type FindOptions } from './find-options.ts'
import { project } from './project-documents.ts'
import { type BulkResult, bulkResult, type UpdateResult, updateResult } from './write-results.ts'

type FindInHandlerOptions<Document> = Omit<FindOptions<Document>, 'cursor' | 'allowScan'>

/** A collection as a handler uses it. */
export class CollectionInHandler<Document extends AnyDocument> {
  readonly #actor: Actor
  readonly #core: CollectionCore<Document>
  readonly #name: string

  /** @internal Use `collectionInHandler`, or `this.collection`. */
  constructor(actor: Actor, definition: CollectionDefinition<Document>) {
    this.#actor = actor
    this.#core = new CollectionCore(definition, () => actor.uuid())
    this.#name = definition.name
  }

  /** The document of an `_id`; undefined when there is none. */
  get(id: DocumentId): Document | undefined {
    const key = documentKey(this.#name, textOfId(this.#name, id))
    // What is stored has passed the schema.
    return this.#actor.actor<DocumentActor>('doc.Document', key).get() as Document | undefined
  }

  /** The documents of several ids. */
  getMany(ids: readonly DocumentId[]): (Document | undefined)[] {
    return ids.map((id) => this.get(id))
  }

  /** The documents that a filter matches. */
  find(filter?: Filter<Document>, options?: FindInHandlerOptions<Document>): Document[] {
    const query = cursorQuery(this.#name, filter, options)
    const plan = planQuery(parseCatalogue(this.#actor.actor(CatalogueActor, this.#name).text()), plannedQuery(query))
    const scan = new IndexScan(this.#actor, this.#name, plan, filterOfText(query.filter))
    const wanted = plan.sorted ? query.skip + query.limit : Infinity
    const found: unknown[] = []
    if (wanted > 0)
      for (const { document } of scan.documents({ after: undefined, keysMax: Infinity, usesEntries: true })) {
        if (found.length >= documentLimits.scanDocumentsMax) throw tooMany(this.#name)
        found.push(document)
        if (found.length >= wanted) break
      }
    const sorted = plan.sorted ? found : sortDocuments(found, query.sort)
    const shown = sorted.slice(query.skip, query.skip + query.limit)
    const { projection } = query
    return (projection === undefined ? shown : shown.map((document) => project(document, projection))) as Document[]
  }

  /** The first document that a filter matches; undefined when there is none. */
  findOne(filter: Filter<Document>, options?: FindInHandlerOptions<Document>): Document | undefined {
    return this.find(filter, { ...options, limit: 1 })[0]
  }

  /** Inserts a document. Throws DuplicateKey, DocumentInvalid and others. */
  insertOne(document: Insertable<Document>): { readonly insertedId: Document['_id'] } {
    const operation = this.#core.insert(document)
    this.#write([operation])
    return { insertedId: (operation.document as Document)._id }
  }

  insertMany(documents: readonly Insertable<Document>[]): { readonly insertedIds: readonly Document['_id'][] } {
    const operations = documents.map((document) => this.#core.insert(document))
    this.#write(operations)
    return { insertedIds: operations.map(({ document }) => (document as Document)._id) }
  }

  /** Changes the first document that a filter matches. */
  updateOne(filter: Filter<Document>, update: Update<Document>, options?: UpdateOptions<Document>): UpdateResult {
    return updateResult(this.#writeOne(this.#core.update(filter, update, false, options)))
  }

  /** Changes all documents that a filter matches. */
  updateMany(filter: Filter<Document>, update: Update<Document>, options?: UpdateOptions<Document>): UpdateResult {
    return updateResult(this.#writeOne(this.#core.update(filter, update, true, options)))
  }

  /** Replaces the first document that a filter matches; it keeps its `_id`. */
  replaceOne(
    filter: Filter<Document>,
    document: Insertable<Document>,
    options?: UpdateOptions<Document>,
  ): UpdateResult {
    return updateResult(this.#writeOne(this.#core.replace(filter, document, options)))
  }

  deleteOne(
    filter: Filter<Document>,
    options?: Pick<UpdateOptions<Document>, 'sort' | 'hint'>,
  ): { readonly deletedCount: number } {
    return { deletedCount: this.#writeOne(this.#core.delete(filter, false, options)).modified }
  }

  deleteMany(filter: Filter<Document>): { readonly deletedCount: number } {
    return { deletedCount: this.#writeOne(this.#core.delete(filter, true)).modified }
  }

  /** Several writes in their order, between which unique values may change hands. */
  bulkWrite(writes: readonly BulkWrite<Document>[]): BulkResult {
    const operations = writes.map((write) => this.#core.bulk(write))
    return bulkResult(operations, this.#write(operations))
  }

  #writeOne(operation: WriteOperation): WriteOutcome {
    return this.#write([operation])[0]!
  }

  #write(operations: readonly WriteOperation[]): readonly WriteOutcome[] {
    if (operations.length === 0) return []
    return this.#actor.actor(WriterActor, this.#name).write(operations, [])
  }
}

/** A collection within the handler of `actor` that runs: `this.collection(…)` of `streamy-db`. */
export function collectionInHandler<Document extends AnyDocument>(
  actor: Actor,
  definition: CollectionDefinition<Document>,
): CollectionInHandler<Document> {
  return new CollectionInHandler(actor, definition)
}

function tooMany(collection: string): TooManyDocuments {
  const { scanDocumentsMax } = documentLimits
  return new TooManyDocuments(
    `A query of ${collection} within a handler finds more than ${scanDocumentsMax} documents. Narrow it, or query outside.`,
    { collection, documentsMax: scanDocumentsMax },
  )
}
