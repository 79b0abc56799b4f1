// Works out, from what a transaction reads, what a write will come to, and holds it to the collection's schema. For
// databases that were not opened with the collection, whose workers do not know the schema: since the transaction commits
// only if what it has read is still so, what is worked out here is what happens there.

import { documentKey } from '../collection-name.ts'
import { TooManyDocuments } from '../document-errors.ts'
import { textOfId } from '../document-id.ts'
import { filterOfText } from '../filter/filter.ts'
import { documentLimits } from '../limits.ts'
import type { ReturnDocument } from '../storage/document-operation.ts'
import { outcomeOf } from '../storage/document-outcome.ts'
import { upsertBase } from '../storage/upsert-base.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'
import type { CollectionDefinition } from './collection-definition.ts'
import type { AnyDocument } from './document-types.ts'
import type { CursorQuery, FindCursor } from './find-cursor.ts'

/** Runs a query within the transaction. */
export type FindInTransaction = (query: CursorQuery) => FindCursor<AnyDocument>

/** Whether what a write comes to depends on documents that only the transaction knows. */
export function needsPreview({ schema }: CollectionDefinition, { kind }: WriteOperation): boolean {
  return schema !== undefined && (kind === 'update' || kind === 'replace')
}

/** What a write comes to. Throws what makes it impossible. */
export async function previewWrite(
  { name, schema }: CollectionDefinition,
  operation: WriteOperation,
  find: FindInTransaction,
): Promise<WriteOutcome> {
  const nothing = { matched: 0, modified: 0, insertedId: undefined, document: undefined }
  if (operation.kind !== 'update' && operation.kind !== 'replace') return nothing
  const documents = await foundBy(name, operation, find)
  if (documents.length === 0) {
    if (operation.newId === undefined) return nothing
    const { filter } = filterOfText(operation.target.filter)
    const base = upsertBase(filter, operation.kind === 'replace' ? operation.document : undefined, operation.newId)
    const key = documentKey(name, textOfId(name, base['_id']))
    const change =
      operation.kind === 'replace'
        ? ({ kind: 'insert', document: base } as const)
        : ({ kind: 'update', update: operation.update, upsert: base } as const)
    const { after } = outcomeOf({ key }, change, undefined, schema)
    return { ...nothing, insertedId: base['_id'], document: shown(operation.returns, undefined, after) }
  }
  let modified = 0
  let document: unknown
  for (const before of documents) {
    const key = documentKey(name, textOfId(name, before._id))
    const { filter } = operation.target
    const change =
      operation.kind === 'replace'
        ? ({ kind: 'replace', document: operation.document, filter } as const)
        : ({ kind: 'update', update: operation.update, filter } as const)
    const outcome = outcomeOf({ key }, change, before, schema)
    if (outcome.modified) modified += 1
    document = shown(operation.returns, before, outcome.modified ? outcome.after : before)
  }
  return { matched: documents.length, modified, insertedId: undefined, document }
}

async function foundBy(
  collection: string,
  { target: { filter, many, sort, hint } }: Extract<WriteOperation, { readonly target: unknown }>,
  find: FindInTransaction,
): Promise<AnyDocument[]> {
  const { documentsPerWriteMax } = documentLimits
  const limit = many ? documentsPerWriteMax + 1 : 1
  const query = {
    collection,
    filter,
    sort,
    hint,
    limit,
    skip: 0,
    projection: undefined,
    cursor: undefined,
    allowScan: true,
  }
  const documents = await find(query).toArray()
  if (documents.length <= documentsPerWriteMax) return documents
  throw new TooManyDocuments(
    `A write of ${collection} matches more than ${documentsPerWriteMax} documents. Nothing was written: take them in parts.`,
    { collection, documentsMax: documentsPerWriteMax },
  )
}

function shown(returns: ReturnDocument, before: unknown, after: unknown): unknown {
  return returns === 'before' ? before : returns === 'after' ? after : undefined
}
