// Versions: the position of a write as text that sorts in commit order, twenty hexadecimal digits, as Deno KV has them.

import { type Position, StreamyError } from '@streamy-db/core'

/** Names the transaction that wrote an entry. */
export type KvVersion = string

/** A moment of the past: a version, a position of the database, or a date. */
export type KvMoment = KvVersion | Position | Date

const DIGITS = 20

/** The version of what was written at a position. */
export function versionOf(position: Position): KvVersion {
  return position.toString(16).padStart(DIGITS, '0')
}

/** The position behind a version. Throws OPTIONS_INVALID for text that is none. */
export function positionOf(version: KvVersion): Position {
  const position = /^[0-9a-f]{20}$/.test(version) ? Number.parseInt(version, 16) : Number.NaN
  if (Number.isSafeInteger(position)) return position
  throw new StreamyError(
    'OPTIONS_INVALID',
    `${JSON.stringify(version)} is no version. Pass one as a get or a commit returned it.`,
  )
}

/** The moment as the database takes it. Throws OPTIONS_INVALID for text that is no version. */
export function momentOf(moment: KvMoment): Position | Date {
  return typeof moment === 'string' ? positionOf(moment) : moment
}
