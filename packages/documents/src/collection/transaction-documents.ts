// TransactionDocuments: collections inside `db.transaction`. Reads see the transaction's one moment, and everything that
// they have touched is asserted when it commits: documents, nodes of indexes and the catalogue. Writes are buffered, not
// seen by the reads, and run last and together, in their order; so documents may swap unique values.

import { randomUUID } from 'node:crypto'
import type { DatabaseTransaction } from '@streamy-db/runtime'
import { documentKey } from '../collection-name.ts'
import { type DocumentId, textOfId } from '../document-id.ts'
import type { FindPage } from '../query/find-query.ts'
import type { ReaderActor } from '../query/reader-actor.ts'
import type { DocumentActor, StoredDocument } from '../storage/document-actor.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import type { WriterActor } from '../storage/writer-actor.ts'
import { type BulkWrite, CollectionCore, type UpdateOptions } from './collection-core.ts'
import type { CollectionDefinition } from './collection-definition.ts'
import type { AnyDocument, Filter, Insertable, Update } from './document-types.ts'
import { type CursorQuery, FindCursor } from './find-cursor.ts'
import { cursorQuery, type FindOptions } from './find-options.ts'
import { needsPreview, previewWrite } from './preview-write.ts'

/** A collection that a transaction takes part in. */
export interface CollectionHandle<Document extends AnyDocument> {
  readonly definition: CollectionDefinition<Document>
  /** Whether the schema is held to where documents are written. */
  readonly isHeld: boolean
  ready(): Promise<void>
}

/** Collections within one attempt of a transaction. */
export class TransactionDocuments {
  readonly #tx: DatabaseTransaction
  readonly #operations: WriteOperation[] = []
  readonly #handles = new Map<string, CollectionHandle<AnyDocument>>()

  constructor(tx: DatabaseTransaction) {
    this.#tx = tx
  }

  /** A collection within the transaction. */
  collection<Document extends AnyDocument>(handle: CollectionHandle<Document>): CollectionInTransaction<Document> {
    this.#handles.set(handle.definition.name, handle as unknown as CollectionHandle<AnyDocument>)
    return new CollectionInTransaction(this, handle)
  }

  /** Sends the writes: when the transaction's function has returned, and before it commits. */
  async flush(): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = []
    for (const handle of this.#handles.values()) await handle.ready()
    for (const operation of this.#operations) {
      const { definition, isHeld } = this.#handles.get(operation.collection)!
      if (isHeld || !needsPreview(definition, operation)) continue
      outcomes.push(await previewWrite(definition, operation, (query) => this.find(query)))
    }
    const [first] = this.#operations
    if (first !== undefined)
      void this.#tx.actor<WriterActor>('doc.Writer', first.collection).write(this.#operations, [])
    return outcomes
  }

  /** @internal */
  add(operation: WriteOperation): void {
    this.#operations.push(operation)
  }

  /** @internal */
  find<Document extends AnyDocument>(query: CursorQuery): FindCursor<Document> {
    const reader = this.#tx.actor<ReaderActor>('doc.Reader', query.collection)
    const handle = this.#handles.get(query.collection)!
    return new FindCursor<Document>(
      inTransaction,
      query,
      async (_, { collection, filter, sort, hint }, after, limit): Promise<FindPage> =>
        await reader.page({ collection, filter, sort, hint }, after, limit),
      () => handle.ready(),
    )
  }

  /** @internal */
  async stored(collection: string, id: unknown): Promise<StoredDocument | undefined> {
    const key = documentKey(collection, textOfId(collection, id))
    return await this.#tx.actor<DocumentActor>('doc.Document', key).stored()
  }
}

/** A collection as the function of a transaction uses it. */
export class CollectionInTransaction<Document extends AnyDocument> {
  readonly #documents: TransactionDocuments
  readonly #core: CollectionCore<Document>

  /** @internal Use `tx.collection`. */
  constructor(documents: TransactionDocuments, { definition }: CollectionHandle<Document>) {
    this.#documents = documents
    this.#core = new CollectionCore(definition, randomUUID)
  }

  /** The document of an `_id`, as of the transaction's moment. */
  async get(id: DocumentId): Promise<Document | undefined> {
    return (await this.getStored(id))?.document
  }

  /** A document, and the position of its last write. */
  async getStored(id: DocumentId): Promise<{ readonly document: Document; readonly position: number } | undefined> {
    // What is stored has passed the schema.
    return (await this.#documents.stored(this.#core.definition.name, id)) as
      | (StoredDocument & { readonly document: Document })
      | undefined
  }

  /** The documents of several ids. */
  getMany(ids: readonly DocumentId[]): Promise<(Document | undefined)[]> {
    return Promise.all(ids.map((id) => this.get(id)))
  }

  /** The documents that a filter matches. No document can have appeared among them when the transaction commits. */
  find(filter?: Filter<Document>, options?: FindOptions<Document>): FindCursor<Document> {
    return this.#documents.find(cursorQuery(this.#core.definition.name, filter, options))
  }

  /** The first document that a filter matches. */
  async findOne(filter: Filter<Document>, options: FindOptions<Document> = {}): Promise<Document | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 }).toArray()
    return document
  }

  /** Inserts a document when the transaction commits; so do the others below. */
  insertOne(document: Insertable<Document>): { readonly insertedId: Document['_id'] } {
    const operation = this.#core.insert(document)
    this.#documents.add(operation)
    return { insertedId: (operation.document as Document)._id }
  }

  insertMany(documents: readonly Insertable<Document>[]): { readonly insertedIds: readonly Document['_id'][] } {
    return { insertedIds: documents.map((document) => this.insertOne(document).insertedId) }
  }

  updateOne(filter: Filter<Document>, update: Update<Document>, options?: UpdateOptions<Document>): void {
    this.#documents.add(this.#core.update(filter, update, false, options))
  }

  updateMany(filter: Filter<Document>, update: Update<Document>, options?: UpdateOptions<Document>): void {
    this.#documents.add(this.#core.update(filter, update, true, options))
  }

  replaceOne(filter: Filter<Document>, document: Insertable<Document>, options?: UpdateOptions<Document>): void {
    this.#documents.add(this.#core.replace(filter, document, options))
  }

  deleteOne(filter: Filter<Document>, options?: Pick<UpdateOptions<Document>, 'sort' | 'hint'>): void {
    this.#documents.add(this.#core.delete(filter, false, options))
  }

  deleteMany(filter: Filter<Document>): void {
    this.#documents.add(this.#core.delete(filter, true))
  }

  bulkWrite(writes: readonly BulkWrite<Document>[]): void {
    for (const write of writes) this.#documents.add(this.#core.bulk(write))
  }

  /** @internal */
  add(operation: WriteOperation): void {
    this.#documents.add(operation)
  }
}

// All that a transaction reads is of one moment by itself.
const inTransaction = {
  snapshot: () =>
    Promise.resolve({
      position: undefined,
      query: () => Promise.reject(new Error('A transaction reads through its own references.')),
      close: () => {},
    }),
}
