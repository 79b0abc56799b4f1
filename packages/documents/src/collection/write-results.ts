// What writes came to, as their users see it.

import type { DocumentId } from '../document-id.ts'
import type { WriteOperation, WriteOutcome } from '../storage/write-operation.ts'

/** What an update came to. */
export interface UpdateResult {
  readonly matchedCount: number
  readonly modifiedCount: number
  /** Of the document that an upsert has inserted. */
  readonly upsertedId: DocumentId | undefined
}

/** What several writes came to together. */
export interface BulkResult {
  readonly insertedCount: number
  readonly matchedCount: number
  readonly modifiedCount: number
  readonly deletedCount: number
  readonly upsertedCount: number
  /** Of what was inserted and upserted, by the index of the write. */
  readonly insertedIds: Readonly<Record<number, DocumentId>>
}

/** The result of one update. */
export function updateResult({ matched, modified, insertedId }: WriteOutcome): UpdateResult {
  return { matchedCount: matched, modifiedCount: modified, upsertedId: insertedId as DocumentId | undefined }
}

/** The result of several writes. */
export function bulkResult(operations: readonly WriteOperation[], outcomes: readonly WriteOutcome[]): BulkResult {
  const result = { insertedCount: 0, matchedCount: 0, modifiedCount: 0, deletedCount: 0, upsertedCount: 0 }
  const insertedIds: Record<number, DocumentId> = {}
  for (const [index, { matched, modified, insertedId }] of outcomes.entries()) {
    const { kind } = operations[index]!
    if (insertedId !== undefined) insertedIds[index] = insertedId as DocumentId
    if (kind === 'insert') result.insertedCount += 1
    else if (kind === 'delete') result.deletedCount += modified
    else {
      result.matchedCount += matched
      result.modifiedCount += modified
      if (insertedId !== undefined) result.upsertedCount += 1
    }
  }
  return { ...result, insertedIds }
}
