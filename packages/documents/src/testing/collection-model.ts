// CollectionModel: a collection as a plain list of documents, for tests to compare with. It knows nothing of actors,
// indexes, plans or transactions; filters, updates and the order of values it shares with the layer, which have tests of
// their own.

import type { Plain } from '../plain-object.ts'
import type { CollectionIndex } from '../catalogue/catalogue.ts'
import { checkDocument, copyValue } from '../document-check.ts'
import { textOfId } from '../document-id.ts'
import { filterOfText, filterText } from '../filter/filter.ts'
import { keysOf } from '../index-keys/index-keys.ts'
import { sortDocuments, sortSpecOf } from '../query/sort-documents.ts'
import { upsertBase } from '../storage/upsert-base.ts'
import { applyUpdate, updateText } from '../update/apply-update.ts'
import type { RandomQuery, RandomWrite } from './document-arbitraries.ts'

/** What a transaction comes to: the counts of its writes, or the name of its error. */
export type ModelResult = readonly { readonly matched: number; readonly modified: number }[] | string

/** A collection; see the header. */
export class CollectionModel {
  #documents = new Map<string, Plain>()
  readonly #unique: readonly CollectionIndex[]

  constructor(unique: readonly CollectionIndex[]) {
    this.#unique = unique
  }

  /** All documents, by their ids. */
  get all(): Plain[] {
    return sortDocuments([...this.#documents.values()], [])
  }

  /** Runs writes as one transaction; `newId` names what upserts insert. */
  apply(writes: readonly RandomWrite[], newIds: readonly string[]): ModelResult {
    const before = new Map(this.#documents)
    try {
      const counts = writes.map((write, index) => this.#write(write, newIds[index]!))
      this.#checkUnique()
      return counts
    } catch (error) {
      this.#documents = before
      if (error instanceof Error) return error.name
      throw error
    }
  }

  /** The documents of a query; without a sort by their ids, and then neither skipped nor limited. */
  find({ filter, sort, skip, limit = Infinity }: RandomQuery): Plain[] {
    const found = this.#matching(filter)
    return sort === undefined ? found : sortDocuments(found, sortSpecOf(sort)).slice(skip, skip + limit)
  }

  #write(write: RandomWrite, newId: string): { matched: number; modified: number } {
    if (write.kind === 'insert') {
      this.#insert(write.document)
      return { matched: 0, modified: 0 }
    }
    const found = sortDocuments(this.#matching(write.filter), sortSpecOf(write.sort))
    const met = write.kind !== 'replace' && write.many ? found : found.slice(0, 1)
    if (met.length === 0 && write.kind !== 'delete' && write.upsert) {
      this.#upsert(write, newId)
      return { matched: 0, modified: 0 }
    }
    return { matched: met.length, modified: met.filter((document) => this.#change(write, document)).length }
  }

  #insert(document: Plain): void {
    const idText = textOfId('model', document['_id'])
    if (this.#documents.has(idText)) throw Object.assign(new Error('there already'), { name: 'DuplicateKey' })
    this.#documents.set(idText, checkDocument('model', document))
  }

  #upsert(write: Extract<RandomWrite, { kind: 'update' | 'replace' }>, newId: string): void {
    const { filter } = filterOfText(filterText(write.filter))
    const base = upsertBase(filter, write.kind === 'replace' ? write.document : undefined, newId)
    if (write.kind === 'replace') return this.#insert(base)
    const idText = textOfId('model', base['_id'])
    if (this.#documents.has(idText)) throw Object.assign(new Error('there already'), { name: 'DuplicateKey' })
    const { document } = applyUpdate(
      copyValue(base) as Record<string, unknown>,
      updateText(write.update),
      undefined,
      true,
    )
    this.#insert(document)
  }

  // Whether the document was changed.
  #change(write: Exclude<RandomWrite, { kind: 'insert' }>, before: Plain): boolean {
    const idText = textOfId('model', before['_id'])
    if (write.kind === 'delete') return this.#documents.delete(idText)
    if (write.kind === 'replace') {
      this.#documents.set(idText, checkDocument('model', { _id: before['_id'], ...write.document }))
      return true
    }
    const copy = copyValue(before) as Record<string, unknown>
    const { document, modified } = applyUpdate(copy, updateText(write.update), filterText(write.filter), false)
    if (modified) this.#documents.set(idText, checkDocument('model', document))
    return modified
  }

  #matching(filter: Plain): Plain[] {
    const compiled = filterOfText(filterText(filter))
    return this.all.filter((document) => compiled.matches(document))
  }

  #checkUnique(): void {
    for (const index of this.#unique) {
      const seen = new Set<string>()
      for (const document of this.#documents.values())
        for (const text of keysOf('model', index, document).texts) {
          if (seen.has(text)) throw Object.assign(new Error('there twice'), { name: 'DuplicateKey' })
          seen.add(text)
        }
    }
  }
}
