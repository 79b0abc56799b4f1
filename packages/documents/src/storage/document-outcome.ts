// What an operation makes of a document: pure, but for the time that $currentDate reads, which is the transaction's. It
// decides, and leaves writing to the actor.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkDocument, type CheckedDocument, copyValue } from '../document-check.ts'
import { collectionOf, idTextOf } from '../collection-name.ts'
import { DocumentInvalid } from '../document-errors.ts'
import { textOfId } from '../document-id.ts'
import { filterOfText } from '../filter/filter.ts'
import { checkSchema } from './validate-document.ts'
import { memberOf } from '../index-keys/path-values.ts'
import { applyUpdate } from '../update/apply-update.ts'
import { duplicateId, idOfText } from './duplicate-key.ts'
import type { DocumentOperation } from './document-operation.ts'

/** What becomes of a document. */
export interface DocumentOutcome {
  readonly matched: boolean
  readonly modified: boolean
  /** Undefined for no document. Means something only where it was modified. */
  readonly after: CheckedDocument | undefined
}

const unmatched: DocumentOutcome = { matched: false, modified: false, after: undefined }

/** What becomes of `before`, the document of `actor`. Throws what makes the operation impossible. */
export function outcomeOf(
  actor: { readonly key: string },
  operation: DocumentOperation,
  before: unknown,
  schema: StandardSchemaV1 | undefined,
): DocumentOutcome {
  const collection = collectionOf(actor.key)
  const idText = idTextOf(actor.key)
  const checked = (document: unknown): CheckedDocument => checkedFor(collection, idText, document, schema)
  if (operation.kind === 'insert') {
    if (before !== undefined) throw duplicateId(collection, idOfText(idText))
    return written(false, checked(operation.document))
  }
  const matched = before !== undefined && matches(operation.filter, before)
  if (operation.kind === 'delete') return matched ? { matched, modified: true, after: undefined } : unmatched
  if (operation.kind === 'replace')
    return matched ? written(true, checked(replacing(before, operation.document))) : unmatched
  const isUpsert = operation.upsert !== undefined && !matched
  if (isUpsert && before !== undefined) throw duplicateId(collection, idOfText(idText))
  if (!matched && !isUpsert) return unmatched
  // A document is a plain object; the update changes the copy in place.
  const copy = copyValue(before ?? operation.upsert) as Record<string, unknown>
  const { document, modified } = applyUpdate(copy, operation.update, operation.filter, isUpsert)
  if (!modified && !isUpsert) return { matched, modified: false, after: undefined }
  return written(matched, checked(document))
}

// A replacement keeps the id of what it replaces, unless it says another, which is refused.
function replacing(before: unknown, document: unknown): unknown {
  return typeof document === 'object' ? { _id: memberOf(before, '_id'), ...document } : document
}

function written(matched: boolean, after: CheckedDocument): DocumentOutcome {
  return { matched, modified: true, after }
}

function matches(filter: string | undefined, document: unknown): boolean {
  return filter === undefined || filterOfText(filter).matches(document)
}

function checkedFor(
  collection: string,
  idText: string,
  document: unknown,
  schema: StandardSchemaV1 | undefined,
): CheckedDocument {
  const copy = checkDocument(collection, document)
  if (schema !== undefined) checkSchema(collection, schema, copy)
  if (textOfId(collection, copy['_id']) === idText) return copy
  throw new DocumentInvalid(`The _id of a document of ${collection} cannot be changed. Nothing was written.`, {
    collection,
    issues: [{ message: 'cannot be changed', path: '_id' }],
  })
}
