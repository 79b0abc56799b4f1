// The error for a unique key that another document has, with ids as their users know them.

import { bytesOfText } from '@streamy-db/kv'
import { collectionOf, idTextOf } from '../collection-name.ts'
import { decodeKeyValue } from '../index-keys/index-key-decoder.ts'
import { DuplicateKey } from '../document-errors.ts'
import type { UniqueConflict } from './index-maintenance.ts'

/** DuplicateKey for the document of an actor. */
export function duplicateKey(actorKey: string, { index, owner }: UniqueConflict): DuplicateKey {
  return duplicate(collectionOf(actorKey), index, idOfText(idTextOf(actorKey)), idOfText(owner))
}

/** DuplicateKey for an `_id` that is there already. */
export function duplicateId(collection: string, id: unknown): DuplicateKey {
  return duplicate(collection, '_id', id, id)
}

/** The id whose text this is. */
export function idOfText(text: string): unknown {
  return decodeKeyValue(bytesOfText(text))
}

function duplicate(collection: string, index: string, id: unknown, existingId: unknown): DuplicateKey {
  const what = index === '_id' ? 'this _id' : `the same values in the unique index ${index}`
  return new DuplicateKey(
    `The document ${String(id)} cannot be written to ${collection}: ${String(existingId)} is there with ${what}. ` +
      'Nothing was written.',
    { collection, index, id, existingId },
  )
}
