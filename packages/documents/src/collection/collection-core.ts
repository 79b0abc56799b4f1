// CollectionCore: what a collection is made of, for whatever uses it: a client, a transaction or a handler. It checks and
// validates what is to be written, and sends nothing.

import { filterOfText } from '../filter/filter.ts'
import { memberOf } from '../index-keys/path-values.ts'
import { conjunctsOf } from '../query/conjuncts.ts'
import type { CollectionDefinition } from './collection-definition.ts'
import type { AnyDocument, Filter, Insertable, Sort, Update } from './document-types.ts'
import type { ReturnDocument } from '../storage/document-operation.ts'
import { validateDocument } from '../storage/validate-document.ts'
import type { WriteOperation } from '../storage/write-operation.ts'
import { WriteRequests } from './write-requests.ts'

/** Options of an update. */
export interface UpdateOptions<Document> {
  /** Whether a document is inserted when none is found: what the filter demands, and what the update makes of it. */
  readonly upsert?: boolean
  /** Which of several documents is meant: the first in this order. */
  readonly sort?: Sort<Document>
  /** The name of the index to find it with. */
  readonly hint?: string
  /** Which items of lists `$[name]` means in an update. */
  readonly arrayFilters?: readonly Readonly<Record<string, unknown>>[]
}

/** One write of `bulkWrite`. */
export type BulkWrite<Document> =
  | { readonly insertOne: { readonly document: Insertable<Document> } }
  | {
      readonly updateOne: {
        readonly filter: Filter<Document>
        readonly update: Update<Document>
      } & UpdateOptions<Document>
    }
  | {
      readonly updateMany: {
        readonly filter: Filter<Document>
        readonly update: Update<Document>
      } & UpdateOptions<Document>
    }
  | {
      readonly replaceOne: {
        readonly filter: Filter<Document>
        readonly replacement: Insertable<Document>
      } & UpdateOptions<Document>
    }
  | { readonly deleteOne: { readonly filter: Filter<Document> } }
  | { readonly deleteMany: { readonly filter: Filter<Document> } }

/** Makes checked operations of one collection. */
export class CollectionCore<Document extends AnyDocument> {
  readonly definition: CollectionDefinition<Document>
  readonly #requests: WriteRequests

  /** `newId` makes an `_id` for documents that have none. */
  constructor(definition: CollectionDefinition<Document>, newId: () => string) {
    this.definition = definition
    this.#requests = new WriteRequests(definition.name, newId)
  }

  /** A document as it is stored. */
  document(document: unknown): Readonly<Record<string, unknown>> {
    return this.#validated(this.#requests.document(document))
  }

  insert(document: unknown): WriteOperation & { readonly kind: 'insert' } {
    return { collection: this.definition.name, returns: 'nothing', kind: 'insert', document: this.document(document) }
  }

  update(
    filter: Filter<Document>,
    update: Update<Document>,
    many: boolean,
    options?: UpdateOptions<Document>,
    returns?: ReturnDocument,
  ): WriteOperation {
    return this.#requests.update(filter, update, many, options, returns)
  }

  replace(
    filter: Filter<Document>,
    document: Insertable<Document>,
    options?: UpdateOptions<Document>,
    returns?: ReturnDocument,
  ): WriteOperation {
    const operation = this.#requests.replace(filter, document, options, returns)
    if (operation.kind !== 'replace' || this.definition.schema === undefined) return operation
    // The `_id` may be that of the document it replaces. Where nobody knows it yet, the schema waits for the write.
    const { document: given } = operation
    const named = conjunctsOf(filterOfText(operation.target.filter).filter).list.find(
      ({ path, operator }) => path === '_id' && operator === '$eq',
    )
    const id: unknown = memberOf(given, '_id') ?? named?.argument
    if (id === undefined) return operation
    const { _id, ...validated } = this.#validated({ _id: id, ...(given as object) })
    return { ...operation, document: Object.hasOwn(given as object, '_id') ? { _id, ...validated } : validated }
  }

  delete(
    filter: Filter<Document>,
    many: boolean,
    options?: Pick<UpdateOptions<Document>, 'sort' | 'hint'>,
    returns?: ReturnDocument,
  ): WriteOperation {
    return this.#requests.delete(filter, many, options, returns)
  }

  /** The operation of one write among several. */
  bulk(write: BulkWrite<Document>): WriteOperation {
    if ('insertOne' in write) return this.insert(write.insertOne.document)
    if ('updateOne' in write) return this.update(write.updateOne.filter, write.updateOne.update, false, write.updateOne)
    if ('updateMany' in write)
      return this.update(write.updateMany.filter, write.updateMany.update, true, write.updateMany)
    if ('replaceOne' in write)
      return this.replace(write.replaceOne.filter, write.replaceOne.replacement, write.replaceOne)
    if ('deleteOne' in write) return this.delete(write.deleteOne.filter, false)
    return this.delete(write.deleteMany.filter, true)
  }

  #validated(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const { name, schema } = this.definition
    return schema === undefined ? document : validateDocument(name, schema, document)
  }
}
