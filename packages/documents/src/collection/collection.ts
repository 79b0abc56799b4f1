// Collection: one collection of documents as a client uses it. It turns calls into messages of the layer's actors, and
// what they answer into documents; it keeps nothing but whether its indexes have been declared.

import { randomUUID } from 'node:crypto'
import { StreamyError } from '@streamy-db/core'
import { type Database, type LayerPort, layerPortOf } from '@streamy-db/runtime'
import { parseCatalogue } from '../catalogue/catalogue.ts'
import { type DeclaredIndex, declaredIndexes, type IndexOptions, sameIndex } from '../catalogue/index-definition.ts'
import { checkName } from '../collection-name.ts'
import type { DocumentId } from '../document-id.ts'
import { textOfId } from '../document-id.ts'
import { filterOfText, filterText } from '../filter/filter.ts'
import type { FindPage } from '../query/find-query.ts'
import { sortSpecOf } from '../query/sort-documents.ts'
import { textOfValue } from '../stored-text.ts'
import type { DocumentResult, ReturnDocument } from '../storage/document-operation.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import { CollectionCalls } from './collection-calls.ts'
import type { AnyDocument, DocumentSchema, Filter, Insertable, Projection, Sort, Update } from './document-types.ts'
import { FindCursor, type ReadPage } from './find-cursor.ts'
import { checkProjection } from './project-documents.ts'
import { validateDocument } from './validate-document.ts'
import { WriteRequests } from './write-requests.ts'

/** What a collection is declared with. */
export interface CollectionOptions<Document> {
  /** Documents are validated with it before they are sent; what it makes of them is stored. */
  readonly schema?: DocumentSchema<unknown, Document>
  /** Indexes that it shall have. Those that are not there are added; no other is taken away. */
  readonly indexes?: Readonly<Record<string, IndexOptions>>
}

/** Options of a query. */
export interface FindOptions<Document> {
  readonly sort?: Sort<Document>
  readonly limit?: number
  readonly skip?: number
  readonly projection?: Projection<Document>
  /** The name of the index to use; `_id` is the one of all documents. */
  readonly hint?: string
  /** Go on where an earlier page of the same query ended. */
  readonly cursor?: string
  /** Whether more documents than `documentLimits.scanDocumentsMax` may be looked at without an index. */
  readonly allowScan?: boolean
}

/** Options of an update. */
export interface UpdateOptions<Document> {
  readonly upsert?: boolean
  readonly sort?: Sort<Document>
  readonly hint?: string
  readonly arrayFilters?: readonly Readonly<Record<string, unknown>>[]
}

/** What an update came to. */
export interface UpdateResult {
  readonly matchedCount: number
  readonly modifiedCount: number
  /** Of the document that an upsert has inserted. */
  readonly upsertedId: DocumentId | undefined
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
export class Collection<Document extends AnyDocument = AnyDocument & Record<string, unknown>> {
  readonly name: string
  readonly #port: LayerPort
  readonly #calls: CollectionCalls
  readonly #requests: WriteRequests
  readonly #schema: DocumentSchema<unknown, Document> | undefined
  readonly #declared: readonly DeclaredIndex[]
  #declaring: Promise<void> | undefined = undefined

  /** @internal Use `collectionOfDatabase`, or `db.collection`. */
  constructor(db: Database, name: string, options: CollectionOptions<Document> = {}) {
    checkName(name, 'collection')
    this.name = name
    this.#port = layerPortOf(db)
    this.#calls = new CollectionCalls(name)
    this.#requests = new WriteRequests(name, randomUUID)
    this.#schema = options.schema
    this.#declared = declaredIndexes(options.indexes ?? {})
  }

  /** The document of an `_id`; undefined when there is none. */
  async get(id: DocumentId): Promise<Document | undefined> {
    const [document] = await this.#port.query([this.#calls.get(id)])
    // What is stored has passed the schema.
    return document as Document | undefined
  }

  /** The documents of several ids, all as of one moment, in the order of the ids. */
  async getMany(ids: readonly DocumentId[]): Promise<(Document | undefined)[]> {
    const documents = await this.#port.query(ids.map((id) => this.#calls.get(id)))
    return documents as (Document | undefined)[]
  }

  /** The documents that a filter matches. Nothing is asked before the cursor is used. */
  find(filter: Filter<Document> = {} as Filter<Document>, options: FindOptions<Document> = {}): FindCursor<Document> {
    const { sort, limit = Infinity, skip = 0, projection, hint, cursor, allowScan = false } = options
    checkCount('limit', limit, Infinity)
    checkCount('skip', skip, 0)
    if (projection !== undefined) checkProjection(projection)
    const query = {
      collection: this.name,
      filter: filterText(filter),
      sort: sortSpecOf(sort),
      hint,
      skip,
      limit,
      projection,
      cursor,
      allowScan,
    }
    return new FindCursor<Document>(this.#port, query, this.#readPage, () => this.ready())
  }

  /** The first document that a filter matches; undefined when there is none. */
  async findOne(filter: Filter<Document>, options: FindOptions<Document> = {}): Promise<Document | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 }).toArray()
    return document
  }

  /** Inserts a document. Rejects with DuplicateKey, DocumentInvalid and others. */
  async insertOne(document: Insertable<Document>): Promise<{ readonly insertedId: Document['_id'] }> {
    const [insertedId] = (await this.insertMany([document])).insertedIds
    return { insertedId: insertedId! }
  }

  /** Inserts documents, all or none. */
  async insertMany(
    documents: readonly Insertable<Document>[],
  ): Promise<{ readonly insertedIds: readonly Document['_id'][] }> {
    await this.ready()
    const checked = documents.map((document) => this.#validated(this.#requests.document(document)))
    const calls = checked.map((document) =>
      this.#calls.writeDocument(textOfId(this.name, document['_id']), { kind: 'insert', document }, []),
    )
    await this.#port.execute(calls)
    return { insertedIds: checked.map((document) => document['_id'] as Document['_id']) }
  }

  /** Changes the first document that a filter matches. */
  updateOne(
    filter: Filter<Document>,
    update: Update<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return this.#update(this.#requests.update(filter, update, false, options))
  }

  /** Changes all documents that a filter matches, in one transaction. */
  updateMany(
    filter: Filter<Document>,
    update: Update<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return this.#update(this.#requests.update(filter, update, true, options))
  }

  /** Replaces the first document that a filter matches; it keeps its `_id`. */
  replaceOne(
    filter: Filter<Document>,
    document: Insertable<Document>,
    options?: UpdateOptions<Document>,
  ): Promise<UpdateResult> {
    return this.#update(this.#requests.replace(filter, document, options))
  }

  /** Deletes the first document that a filter matches. */
  async deleteOne(
    filter: Filter<Document>,
    options?: Pick<UpdateOptions<Document>, 'sort' | 'hint'>,
  ): Promise<{ readonly deletedCount: number }> {
    const { modified } = await this.#write(this.#requests.delete(filter, false, options))
    return { deletedCount: modified }
  }

  /** Deletes all documents that a filter matches, in one transaction. */
  async deleteMany(filter: Filter<Document>): Promise<{ readonly deletedCount: number }> {
    const { modified } = await this.#write(this.#requests.delete(filter, true))
    return { deletedCount: modified }
  }

  /** Waits until the indexes that the collection was given are declared. Every operation does so by itself. */
  ready(): Promise<void> {
    if (this.#declared.length === 0) return nothingToDo
    this.#declaring ??= this.#declare().catch((error: unknown) => {
      // The next operation tries again.
      this.#declaring = undefined
      throw error
    })
    return this.#declaring
  }

  readonly #readPage: ReadPage = async (snapshot, query, after, limit) => {
    const { collection, filter, sort, hint } = query
    // What the query `page` returns.
    return (await snapshot.query(this.#calls.page({ collection, filter, sort, hint }, after, limit))) as FindPage
  }

  async #declare(): Promise<void> {
    const [text] = (await this.#port.query([this.#calls.catalogueText()])) as [string | undefined]
    const { indexes } = parseCatalogue(text).content
    const isThere = (declared: DeclaredIndex): boolean =>
      indexes.some((index) => index.name === declared.name && sameIndex(index, declared))
    if (this.#declared.every(isThere)) return
    await this.#port.execute([this.#calls.declare(textOfValue([...this.#declared], 'indexes'))])
  }

  #validated(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return this.#schema === undefined ? document : validateDocument(this.name, this.#schema, document)
  }

  async #update(operation: WriteOperation): Promise<UpdateResult> {
    const { matched, modified, insertedId } = await this.#write(operation)
    return { matchedCount: matched, modifiedCount: modified, upsertedId: insertedId as DocumentId | undefined }
  }

  async #write(operation: WriteOperation): Promise<WriteOutcome> {
    await this.ready()
    const { results } = await this.#port.execute([this.#calls.write([operation], [])])
    // What the message `write` returns.
    return (results[0] as WriteOutcome[])[0]!
  }
}

const nothingToDo = Promise.resolve()

function checkCount(what: string, count: number, unlimited: number): void {
  if (count === unlimited || (Number.isSafeInteger(count) && count >= 0)) return
  throw new StreamyError('OPTIONS_INVALID', `The ${what} of a query is ${String(count)}. Give a whole number from 0 on.`)
}
