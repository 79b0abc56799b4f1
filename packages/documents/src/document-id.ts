// Ids of documents as text: what names a document's actor and stands in indexes. Ids sort like any value in an index.

import { textOfBytes } from '@streamy-db/kv'
import { DocumentInvalid } from './document-errors.ts'
import { KeyNotEncodable, keyBytesOf } from './index-keys/index-key-codec.ts'
import { documentLimits } from './limits.ts'

/** What may be an `_id`. */
export type DocumentId = string | number | bigint | boolean | Date | Uint8Array

/** The text of an `_id`. Throws {@link DocumentInvalid}. */
export function textOfId(collection: string, id: unknown): string {
  if (!isId(id)) throw invalid(collection, 'is missing or no string, number, bigint, boolean, date or bytes')
  try {
    const bytes = keyBytesOf(id)
    if (bytes.length <= documentLimits.idBytesMax) return textOfBytes(Uint8Array.from(bytes))
  } catch (error) {
    if (!(error instanceof KeyNotEncodable)) throw error
    throw invalid(collection, `is ${error.message}`)
  }
  throw invalid(collection, `has more than ${documentLimits.idBytesMax} bytes`)
}

/** Whether a value can be an `_id`, its size apart. */
export function isId(id: unknown): id is DocumentId {
  if (typeof id === 'string') return id.isWellFormed()
  if (typeof id === 'number') return !Number.isNaN(id)
  return typeof id === 'bigint' || typeof id === 'boolean' || id instanceof Uint8Array || isTime(id)
}

function isTime(id: unknown): boolean {
  return id instanceof Date && !Number.isNaN(id.getTime())
}

function invalid(collection: string, problem: string): DocumentInvalid {
  return new DocumentInvalid(`The _id of a document of ${collection} ${problem}. Nothing was written.`, {
    collection,
    issues: [{ message: problem, path: '_id' }],
  })
}
