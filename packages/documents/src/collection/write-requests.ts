// Turns what a collection's methods were given into operations in stored form, checked: documents, filters, updates and
// options. The same for clients, transactions and handlers; nothing is sent here.

import { StreamyError } from '@streamy-db/core'
import { isPlain } from '../plain-object.ts'
import { checkDocument } from '../document-check.ts'
import { filterText } from '../filter/filter.ts'
import { sortSpecOf } from '../query/sort-documents.ts'
import type { ReturnDocument } from '../storage/document-operation.ts'
import type { WriteOperation, WriteTarget } from '../storage/write-operation.ts'
import { updateText } from '../update/apply-update.ts'

/** Options of writes that look for their document. */
export interface WriteOptions {
  /** Which of several documents is written: the first in this order. */
  readonly sort?: Readonly<Record<string, unknown>>
  /** The name of the index to find it with. */
  readonly hint?: string
  /** Whether a document is inserted when none is found. */
  readonly upsert?: boolean
  /** Which items of lists `$[name]` means. */
  readonly arrayFilters?: readonly Readonly<Record<string, unknown>>[]
}

/** Makes operations of one collection. */
export class WriteRequests {
  readonly #collection: string
  readonly #newId: () => string

  /** `newId` makes an `_id` for documents that have none. */
  constructor(collection: string, newId: () => string) {
    this.#collection = collection
    this.#newId = newId
  }

  /** A document with an `_id`, checked. */
  document(document: unknown): Readonly<Record<string, unknown>> & { readonly _id: unknown } {
    // What is no plain object is for the check to complain about.
    const whole = isPlain(document) && document['_id'] === undefined ? { ...document, _id: this.#newId() } : document
    return checkDocument(this.#collection, whole) as Readonly<Record<string, unknown>> & { readonly _id: unknown }
  }

  insert(document: unknown): WriteOperation {
    return { collection: this.#collection, returns: 'nothing', kind: 'insert', document: this.document(document) }
  }

  update(
    filter: unknown,
    update: unknown,
    many: boolean,
    options: WriteOptions = {},
    returns: ReturnDocument = 'nothing',
  ): WriteOperation {
    const target = this.#target(filter, many, options)
    const text = updateText(update, options.arrayFilters)
    const newId = options.upsert === true ? this.#newId() : undefined
    return { collection: this.#collection, returns, kind: 'update', target, update: text, newId }
  }

  replace(
    filter: unknown,
    document: unknown,
    options: WriteOptions = {},
    returns: ReturnDocument = 'nothing',
  ): WriteOperation {
    const target = this.#target(filter, false, options)
    const newId = options.upsert === true ? this.#newId() : undefined
    // Its `_id` may be left out: it is that of the document it replaces.
    const { _id, ...rest } = checkDocument(this.#collection, { _id: '', ...(document as object) })
    const named = Object.hasOwn(document as object, '_id') ? { _id, ...rest } : rest
    return { collection: this.#collection, returns, kind: 'replace', target, document: named, newId }
  }

  delete(
    filter: unknown,
    many: boolean,
    options: WriteOptions = {},
    returns: ReturnDocument = 'nothing',
  ): WriteOperation {
    return { collection: this.#collection, returns, kind: 'delete', target: this.#target(filter, many, options) }
  }

  #target(filter: unknown, many: boolean, { sort, hint }: WriteOptions): WriteTarget {
    if (filter === undefined || filter === null)
      throw new StreamyError(
        'OPTIONS_INVALID',
        `A write of ${this.#collection} needs a filter: {} means all documents.`,
      )
    return { filter: filterText(filter), many, sort: sortSpecOf(sort), hint }
  }
}
