// WriterActor: runs writes that look for their documents, and several writes as one: each finds what is there when its
// turn comes. Unique keys may change hands in between: a key that another document has is claimed again at the end, and
// only then is it a duplicate. It has no state and leaves no actor.

import { Actor, reads, registerActor } from '@streamy-db/actors'
import { unreachable } from '@streamy-db/core'
import { CatalogueActor } from '../catalogue/catalogue-actor.ts'
import { parseCatalogue } from '../catalogue/catalogue.ts'
import { documentKey } from '../collection-name.ts'
import { textOfId } from '../document-id.ts'
import {
  DocumentInvalid,
  DuplicateKey,
  FilterInvalid,
  IndexKeyInvalid,
  TooManyDocuments,
  UpdateInvalid,
} from '../document-errors.ts'
import { filterOfText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import { IndexScan } from '../query/index-scan.ts'
import { planQuery } from '../query/query-plan.ts'
import { sortDocuments } from '../query/sort-documents.ts'
import type { DocumentActor } from './document-actor.ts'
import type { DocumentOperation, DocumentResult } from './document-operation.ts'
import { upsertBase } from './upsert-base.ts'
import type { WriteOperation, WriteOutcome, WriteTarget } from './write-operation.ts'

type Aimed = Exclude<WriteOperation, { readonly kind: 'insert' }>

/** Writes at work. Its key is the name of a collection; any will do. */
export class WriterActor extends Actor {
  /** Runs writes in their order, all or none. `touches` is as in `DocumentActor.write`. */
  write(operations: readonly WriteOperation[], _touches: readonly string[]): WriteOutcome[] {
    const unsettled = new Set<string>()
    const isAlone = operations.length === 1
    const outcomes = operations.map((operation) =>
      operation.kind === 'insert'
        ? this.insert(operation.collection, operation.document, unsettled)
        : this.aimed(operation, isAlone, unsettled),
    )
    for (const key of unsettled) this.actor<DocumentActor>('doc.Document', key).settle()
    this.destroy()
    return outcomes
  }

  private insert(collection: string, document: unknown, unsettled: Set<string>): WriteOutcome {
    const id = (document as { readonly _id?: unknown } | undefined)?._id
    const key = documentKey(collection, textOfId(collection, id))
    this.begin(key, { kind: 'insert', document }, unsettled)
    return { matched: 0, modified: 0, insertedId: id, document: undefined }
  }

  private aimed(operation: Aimed, usesEntries: boolean, unsettled: Set<string>): WriteOutcome {
    const { collection, target, returns } = operation
    const found = this.find(collection, target, usesEntries)
    if (found.length === 0 && operation.kind !== 'delete' && operation.newId !== undefined)
      return this.upsert(operation, operation.newId, unsettled)
    let modified = 0
    let document: unknown
    for (const idText of found) {
      const result = this.begin(documentKey(collection, idText), { ...changeOf(operation), returns }, unsettled)
      if (result.modified) modified += 1
      document = result.document
    }
    return { matched: found.length, modified, insertedId: undefined, document }
  }

  private upsert(
    operation: Exclude<Aimed, { readonly kind: 'delete' }>,
    newId: string,
    unsettled: Set<string>,
  ): WriteOutcome {
    const { collection, target, returns } = operation
    const base = upsertBase(
      filterOfText(target.filter).filter,
      operation.kind === 'replace' ? operation.document : undefined,
      newId,
    )
    const id = base['_id']
    const key = documentKey(collection, textOfId(collection, id))
    // With its filter: a document that has the id, and that the filter does not match, is a duplicate and stays as it is.
    const change: DocumentOperation =
      operation.kind === 'replace'
        ? { kind: 'insert', document: base, returns }
        : { kind: 'update', update: operation.update, upsert: base, filter: target.filter, returns }
    const { document } = this.begin(key, change, unsettled)
    return { matched: 0, modified: 0, insertedId: id, document }
  }

  private begin(key: string, operation: DocumentOperation, unsettled: Set<string>): DocumentResult {
    const result = this.actor<DocumentActor>('doc.Document', key).begin(operation)
    if (result.conflicts.length > 0) unsettled.add(key)
    return result
  }

  // The ids of the documents that a write meets, in the order in which it takes them.
  private find(collection: string, { filter, many, sort, hint }: WriteTarget, usesEntries: boolean): string[] {
    const compiled = filterOfText(filter)
    const catalogue = parseCatalogue(this.actor(CatalogueActor, collection).text())
    const plan = planQuery(catalogue, { filter: compiled.filter, sort, hint })
    const documentsMax = many ? documentLimits.documentsPerWriteMax : plan.sorted ? 1 : documentLimits.sortedWriteMax
    const scan = new IndexScan(this, collection, plan, compiled)
    const found: { readonly idText: string; readonly document: unknown }[] = []
    for (const each of scan.documents({ after: undefined, keysMax: Infinity, usesEntries })) {
      if (found.length === documentsMax) throw tooMany(collection, documentsMax, many)
      found.push(each)
      if (!many && plan.sorted) break
    }
    if (many || plan.sorted) return found.map(({ idText }) => idText)
    const [first] = sortDocuments(
      found.map(({ document }) => document as { readonly _id: unknown }),
      sort,
    )
    return first === undefined ? [] : [textOfId(collection, first._id)]
  }
}

registerActor(WriterActor, {
  name: 'doc.Writer',
  errors: [DocumentInvalid, DuplicateKey, FilterInvalid, IndexKeyInvalid, TooManyDocuments, UpdateInvalid],
  messages: {
    write: {
      touches: (self, operations, touches) => [
        ...[...new Set(operations.map(({ collection }) => collection))].map((collection) =>
          reads(self.actor(CatalogueActor, collection)),
        ),
        ...touches.map((touch) => self.actor(touchedType(touch), touch.slice(1))),
      ],
    },
  },
  queries: {},
})

function touchedType(touch: string): string {
  return touch.startsWith('u') ? 'doc.Unique' : touch.startsWith('n') ? 'index.Node' : 'doc.Document'
}

function changeOf(operation: Aimed): DocumentOperation {
  const { filter } = operation.target
  switch (operation.kind) {
    case 'delete':
      return { kind: 'delete', filter }
    case 'update':
      return { kind: 'update', update: operation.update, filter }
    case 'replace':
      return { kind: 'replace', document: operation.document, filter }
    default:
      return unreachable(operation)
  }
}

function tooMany(collection: string, documentsMax: number, many: boolean): TooManyDocuments {
  return new TooManyDocuments(
    many
      ? `A write of ${collection} matches more than ${documentsMax} documents, the most that one transaction takes. ` +
          'Nothing was written: take them in parts.'
      : `A write of ${collection} would sort more than ${documentsMax} documents to find the first. Nothing was ` +
          'written: add an index for the sort.',
    { collection, documentsMax },
  )
}
