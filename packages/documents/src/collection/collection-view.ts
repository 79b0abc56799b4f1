// CollectionView: a collection as of one moment of the past, to read. Close it when it is no longer needed.

import type { LayerSnapshot } from '@streamy-db/runtime'
import { sharedSnapshot } from '../aggregate/aggregate.ts'
import type { DocumentId } from '../document-id.ts'
import { CollectionCalls } from './collection-calls.ts'
import type { AnyDocument, Filter } from './document-types.ts'
import { FindCursor } from './find-cursor.ts'
import { cursorQuery, type FindOptions } from './find-options.ts'
import { readPage } from './read-page.ts'

/** A collection as it was. */
export class CollectionView<Document extends AnyDocument> {
  readonly #name: string
  readonly #snapshot: LayerSnapshot

  /** @internal Use `collection.at`. */
  constructor(name: string, snapshot: LayerSnapshot) {
    this.#name = name
    this.#snapshot = snapshot
  }

  /** The document of an `_id`, as it was; undefined when there was none. */
  async get(id: DocumentId): Promise<Document | undefined> {
    // What was stored had passed the schema.
    return (await this.#snapshot.query(new CollectionCalls(this.#name).get(id))) as Document | undefined
  }

  /** The documents that a filter matches, as they were. */
  find(filter?: Filter<Document>, options?: FindOptions<Document>): FindCursor<Document> {
    const query = cursorQuery(this.#name, filter, options)
    return new FindCursor<Document>(sharedSnapshot(this.#snapshot), query, readPage, () => Promise.resolve())
  }

  /** The first document that a filter matches, as it was. */
  async findOne(filter: Filter<Document>, options: FindOptions<Document> = {}): Promise<Document | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 }).toArray()
    return document
  }

  /** Lets go of it. */
  close(): void {
    this.#snapshot.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
