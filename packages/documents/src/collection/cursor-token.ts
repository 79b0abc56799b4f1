// Tokens of cursors: where in which index a query stood, for a client to keep.

import { StreamyError } from '@streamy-db/core'
import { bytesOfText, textOfBytes } from '@streamy-db/kv'

/** A place in an index. */
export interface CursorPlace {
  readonly epoch: number
  readonly item: string
}

/** The token that stands at an item of the index of an epoch. */
export function cursorAt(epoch: number, item: string): string {
  return `${epoch}.${Buffer.from(bytesOfText(item)).toString('base64url')}`
}

/** The place of a token. Throws OPTIONS_INVALID. */
export function placeOfCursor(cursor: unknown): CursorPlace {
  const [epoch, item] = typeof cursor === 'string' ? cursor.split('.') : []
  if (epoch !== undefined && item !== undefined && /^\d{1,15}$/.test(epoch) && /^[\w-]+$/.test(item))
    return { epoch: Number(epoch), item: textOfBytes(Buffer.from(item, 'base64url')) }
  throw new StreamyError('OPTIONS_INVALID', 'The cursor of a query is none. Pass one as an earlier page returned it.')
}
