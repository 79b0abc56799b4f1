// Collection: one collection of documents as a client uses it. It turns calls into messages of the layer's actors, and
// what they answer into documents; it keeps nothing but whether its indexes have been declared.

import { randomUUID } from 'node:crypto'
import { type Database, type LayerPort, layerPortOf } from '@streamy-db/runtime'
import { aggregate, sharedSnapshot } from '../aggregate/aggregate.ts'
import type { IndexOptions } from '../catalogue/index-definition.ts'
import { type DocumentId, textOfId } from '../document-id.ts'
import { filterText } from '../filter/filter.ts'
import type { CountPage } from '../query/find-query.ts'
import type { DocumentResult } from '../storage/document-operation.ts'
import type { StoredDocument } from '../storage/document-actor.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import { CollectionCalls } from './collection-calls.ts'
import { CollectionView } from './collection-view.ts'
import { type BulkWrite, CollectionCore, type UpdateOptions } from './collection-core.ts'
import type { CollectionDefinition } from './collection-definition.ts'
import { CollectionIndexes, type IndexReport, type WaitForIndexes } from './collection-indexes.ts'
import { directOutcome, directWrite } from './direct-write.ts'
import { distinctValues } from './distinct-values.ts'
import type { AnyDocument, Filter, Insertable, PathOf, Sort, Update, ValueAt } from './document-types.ts'
import { FindCursor } from './find-cursor.ts'
import { findQueryOf, readPage } from './read-page.ts'
import { cursorQuery, type FindOptions } from './find-options.ts'
import { needsPreview } from './preview-write.ts'
import { TouchPrediction } from './touch-prediction.ts'
import { type CollectionHandle, TransactionDocuments } from './transaction-documents.ts'
import { verifyIndexes } from './verify-indexes.ts'
import { positionNow, type WatchBatch, watchDocuments, type WatchOptions } from './watch-documents.ts'
import { type BulkResult, bulkResult, type UpdateResult, updateResult } from './write-results.ts'

/** Options of writes that answer a document. */
export interface FindAndWriteOptions<Document> extends UpdateOptions<Document> {
  /** Whether the document is answered as it was, which is the default, or as it has become. */
  readonly returnDocument?: 'before' | 'after'
}

/**
 * A collection of documents.
 *
 * ```ts
 * const users = db.collection('users', { schema, indexes: { byEmail: { keys: { email: 1 }, unique: true } } })
 * await users.insertOne({ _id: 'u1', email: 'ada@example.org', age: 36 })
 * const adults = await users.find({ age: { $gte: 18 } }, { sort: { age: -1 }, limit: 10 }).toArray()
 * ```
 */
export class Collection<Document extends AnyDocument = AnyDocument> implements CollectionHandle<Document> {
  readonly definition: CollectionDefinition<Document>
  readonly isHeld: boolean
  readonly #db: Database
  readonly #port: LayerPort
  readonly #calls: CollectionCalls
  readonly #core: CollectionCore<Document>
  readonly #indexes: CollectionIndexes
  readonly #prediction: TouchPrediction

  /** @internal Use `db.collection`. `isHeld` says whether workers hold documents to the schema. */
  constructor(db: Database, definition: CollectionDefinition<Document>, isHeld: boolean) {
    this.definition = definition
    this.isHeld = isHeld
    this.#db = db
    this.#port = layerPortOf(db)
    this.#calls = new CollectionCalls(definition.name)
    this.#core = new CollectionCore(definition, randomUUID)
    this.#prediction = new TouchPrediction(this.#port, this.#calls, definition.name)
    this.#indexes = new CollectionIndexes(this.#port, this.#calls, definition)
  }

  get name(): string {
    return this.definition.name
  }

  /** The document of an `_id`; undefined when there is none. */
  async get(id: DocumentId): Promise<Document | undefined> {
    const [document] = await this.#port.query([this.#calls.get(id)])
    // What is stored has passed the schema.
    return document as Document | undefined
  }

  /** A document, and the position of its last write; undefined when there is none. */
  async getStored(id: DocumentId): Promise<{ readonly document: Document; readonly position: number } | undefined> {
    const [stored] = await this.#port.query([this.#calls.stored(id)])
    return stored as (StoredDocument & { readonly document: Document }) | undefined
  }

  /** The collection as it was at a position or a time, to read. Rejects with HISTORY_TRIMMED and POSITION_UNKNOWN. */
  async at(moment: number | Date): Promise<CollectionView<Document>> {
    return new CollectionView(this.name, await this.#port.snapshotAt(moment))
  }

  /** The documents of several ids, all as of one moment, in the order of the ids. */
  async getMany(ids: readonly DocumentId[]): Promise<(Document | undefined)[]> {
    return (await this.#port.query(ids.map((id) => this.#calls.get(id)))) as (Document | undefined)[]
  }

  /** The documents that a filter matches. Nothing is asked before the cursor is used. */
  find(filter?: Filter<Document>, options?: FindOptions<Document>): FindCursor<Document> {
    return new FindCursor<Document>(this.#port, cursorQuery(this.name, filter, options), readPage, () => this.ready())
  }

  /** The first document that a filter matches; undefined when there is none. */
  async findOne(filter: Filter<Document>, options: FindOptions<Document> = {}): Promise<Document | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 }).toArray()
    return document
  }

  /** How many documents a filter matches, all as of one moment. */
  async countDocuments(filter?: Filter<Document>, options?: Pick<FindOptions<Document>, 'hint'>): Promise<number> {
    await this.ready()
    const query = cursorQuery(this.name, filter, options)
    const snapshot = await this.#port.snapshot()
    try {
      let count = 0
      let after: string | undefined
      do {
        // What the query `count` returns.
        const page = (await snapshot.query(this.#calls.count(findQueryOf(query), after))) as CountPage
        count += page.count
        after = page.next
      } while (after !== undefined)
      return count
    } finally {
      snapshot.close()
    }
  }

  /** The different values at a path of the documents that a filter matches, in their order; of lists, their items. */
  async distinct<Path extends PathOf<Document>>(
    path: Path,
    filter?: Filter<Document>,
  ): Promise<NonNullable<Distinct<ValueAt<Document, Path>>>[]> {
    // What is found at a path is of its type.
    return (await distinctValues(path, this.find(filter, { allowScan: true }))) as NonNullable<
      Distinct<ValueAt<Document, Path>>
    >[]
  }

  /** Runs a pipeline over the documents of one moment; see `docs/documents.md` for its stages. */
  async aggregate<Result = Record<string, unknown>>(
    pipeline: readonly Readonly<Record<string, unknown>>[],
    { allowScan = false }: { readonly allowScan?: boolean } = {},
  ): Promise<Result[]> {
    await this.ready()
    const snapshot = await this.#port.snapshot()
    const source = sharedSnapshot(snapshot)
    try {
      const results = await aggregate(this.name, pipeline, {
        find: (collection, filter, options) =>
          new FindCursor(
            source,
            cursorQuery<AnyDocument>(collection, filter as Filter<AnyDocument>, options as object),
            readPage,
            isReady,
          ),
        now: async () => Number(await snapshot.query(this.#calls.time())),
        allowScan,
      })
      // The caller says what its pipeline makes.
      return results as Result[]
    } finally {
      snapshot.close()
    }
  }

  /** Inserts a document. Rejects with DuplicateKey, DocumentInvalid and others. */
  async insertOne(document: Insertable<Document>): Promise<{ readonly insertedId: Document['_id'] }> {
    const { insertedIds } = await this.insertMany([document])
    return { insertedId: insertedIds[0]! }
  }

  /** Inserts documents, all or none. */
  async insertMany(
    documents: readonly Insertable<Document>[],
  ): Promise<{ readonly insertedIds: readonly Document['_id'][] }> {
    await this.ready()
    const checked = documents.map((document) => this.#core.document(document))
    const inserts = checked.map((document) => ({
      idText: textOfId(this.name, document['_id']),
      operation: { kind: 'insert', document } as const,
    }))
    // Without anything to find out nothing is awaited, so documents are sent in the order in which they came.
    const touches = this.#prediction.isNeeded
      ? await Promise.all(inserts.map(({ idText, operation }) => this.#prediction.touches(idText, operation)))
      : []
    const calls = inserts.map(({ idText, operation }, index) =>
      this.#calls.writeDocument(idText, operation, touches[index] ?? []),
    )
    if (calls.length > 0) for (const result of (await this.#port.execute(calls)).results) this.#learn(result)
    return { insertedIds: checked.map(({ _id }) => _id as Document['_id']) }
  }

  /** Changes the first document that a filter matches. */
  async updateOne(
    filter: Filter<Document>,
    update: Update<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return updateResult(await this.#writeOne(this.#core.update(filter, update, false, options)))
  }

  /** Changes all documents that a filter matches, in one transaction. */
  async updateMany(
    filter: Filter<Document>,
    update: Update<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return updateResult(await this.#writeOne(this.#core.update(filter, update, true, options)))
  }

  /** Replaces the first document that a filter matches; it keeps its `_id`. */
  async replaceOne(
    filter: Filter<Document>,
    document: Insertable<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return updateResult(await this.#writeOne(this.#core.replace(filter, document, options)))
  }

  /** Deletes the first document that a filter matches. */
  async deleteOne(
    filter: Filter<Document>,
    options?: Pick<UpdateOptions<Document>, 'sort' | 'hint'>,
  ): Promise<{ readonly deletedCount: number }> {
    return { deletedCount: (await this.#writeOne(this.#core.delete(filter, false, options))).modified }
  }

  /** Deletes all documents that a filter matches, in one transaction. */
  async deleteMany(filter: Filter<Document>): Promise<{ readonly deletedCount: number }> {
    return { deletedCount: (await this.#writeOne(this.#core.delete(filter, true))).modified }
  }

  /** Changes the first document that a filter matches, and answers it. */
  async findOneAndUpdate(
    filter: Filter<Document>,
    update: Update<Document>,
    options: FindAndWriteOptions<Document> = {},
  ): Promise<Document | undefined> {
    const { returnDocument = 'before' } = options
    return this.#documentOf(this.#core.update(filter, update, false, options, returnDocument))
  }

  /** Replaces the first document that a filter matches, and answers it. */
  async findOneAndReplace(
    filter: Filter<Document>,
    document: Insertable<Document>,
    options: FindAndWriteOptions<Document> = {},
  ): Promise<Document | undefined> {
    const { returnDocument = 'before' } = options
    return this.#documentOf(this.#core.replace(filter, document, options, returnDocument))
  }

  /** Deletes the first document that a filter matches, and answers it. */
  async findOneAndDelete(
    filter: Filter<Document>,
    options?: { readonly sort?: Sort<Document>; readonly hint?: string },
  ): Promise<Document | undefined> {
    return this.#documentOf(this.#core.delete(filter, false, options, 'before'))
  }

  /** Several writes in their order, as one transaction; unique values may change hands between them. */
  async bulkWrite(writes: readonly BulkWrite<Document>[]): Promise<BulkResult> {
    const operations = writes.map((write) => this.#core.bulk(write))
    return bulkResult(operations, await this.#write(operations))
  }

  /**
   * What each transaction changes of the collection from now on, or behind `from`, until the iteration ends.
   *
   * ```ts
   * for await (const { position, changes } of users.watch({ filter: { org: 'x' } })) console.log(position, changes)
   * ```
   */
  watch({ filter, ...options }: WatchOptions<Document> = {}): AsyncIterableIterator<WatchBatch<Document>> {
    return watchDocuments(this.#port, this.#calls, this.name, { ...options, filter: filterText(filter ?? {}) })
  }

  /** The position of what is committed by now: `watch({ from })` tells all that changes behind it. */
  position(): Promise<number> {
    return positionNow(this.#port, this.#calls)
  }

  /** Waits until the indexes that the collection was given are declared. Every operation does so by itself. */
  ready(): Promise<void> {
    return this.#indexes.declared()
  }

  /** The indexes that are there, whoever has declared them, with how far builds have come. */
  indexes(): Promise<readonly IndexReport[]> {
    return this.#indexes.list()
  }

  /** Adds an index; resolves when it is declared. It is filled in the background: see `waitForIndexes`. */
  createIndex(name: string, options: IndexOptions): Promise<void> {
    return this.#indexes.create(name, options)
  }

  /** Drops an index; false when there is none of the name. What it holds is removed in the background. */
  dropIndex(name: string): Promise<boolean> {
    return this.#indexes.drop(name)
  }

  /** Waits until no index is being built. Rejects with IndexConflict when a build fails. */
  waitForIndexes(options?: WaitForIndexes): Promise<void> {
    return this.#indexes.wait(options)
  }

  /** Compares all documents with all indexes, as of one moment; answers what is wrong. */
  async verifyIndexes(): Promise<readonly string[]> {
    await this.ready()
    return await verifyIndexes(this.#port, this.#calls, this.name)
  }

  async #documentOf(operation: WriteOperation): Promise<Document | undefined> {
    return (await this.#writeOne(operation)).document as Document | undefined
  }

  async #writeOne(operation: WriteOperation): Promise<WriteOutcome> {
    return (await this.#write([operation]))[0]!
  }

  async #write(operations: readonly WriteOperation[]): Promise<readonly WriteOutcome[]> {
    if (operations.length === 0) return []
    await this.ready()
    if (!this.isHeld && operations.some((operation) => needsPreview(this.definition, operation)))
      return await this.#writeChecked(operations)
    const direct = operations.length === 1 ? directWrite(operations[0]!) : undefined
    if (direct !== undefined) {
      const { idText, operation } = direct
      const touches = this.#prediction.isNeeded ? await this.#prediction.touches(idText, operation) : []
      const { results } = await this.#port.execute([this.#calls.writeDocument(idText, operation, touches)])
      this.#learn(results[0])
      // What the message `write` of a document returns.
      return [directOutcome(direct, results[0] as DocumentResult)]
    }
    const { results } = await this.#port.execute([this.#calls.write(operations, [])])
    // What the message `write` returns.
    return results[0] as WriteOutcome[]
  }

  #learn(result: unknown): void {
    // What the message `write` of a document returns.
    if (this.#prediction.isNeeded) this.#prediction.learn(result as DocumentResult)
  }

  // The schema is known here only: what updates come to is worked out from what the transaction reads.
  #writeChecked(operations: readonly WriteOperation[]): Promise<readonly WriteOutcome[]> {
    return this.#db.transaction(async (tx) => {
      const documents = new TransactionDocuments(tx)
      const collection = documents.collection(this)
      for (const operation of operations) collection.add(operation)
      return await documents.flush()
    })
  }
}

type Distinct<Value> = Value extends readonly (infer Item)[] ? Item : Value

const isReady = (): Promise<void> => Promise.resolve()
