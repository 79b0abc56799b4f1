// What a list goes through: a range, a direction and a limit, from what the caller asked for and from a cursor.

import { StreamyError } from '@streamy-db/core'
import { bytesOfText, textOfBytes } from './key-text.ts'
import type { IndexRange } from './ordered-index/ordered-index.ts'
import { type KvSelector, rangeOf } from './selector.ts'
import type { EntriesPage } from './stored-entry.ts'
import type { KvMoment } from './version.ts'

/** Options of a list. */
export interface KvListOptions {
  /** Entries, at most. */
  readonly limit?: number
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** Go on behind the entry at which an earlier list of the same range stood. */
  readonly cursor?: string
  /** As they were at this version, position or moment; unless stated, as they are. */
  readonly at?: KvMoment
}

/** What is still to be listed. */
export interface ListPlan {
  readonly range: IndexRange
  readonly descending: boolean
  readonly limit: number
}

/** The plan for what a caller asked for. Throws OPTIONS_INVALID and KEY_INVALID. */
export function planOf(selector: KvSelector, options: KvListOptions = {}): ListPlan {
  const { limit = Infinity, reverse = false, cursor } = options
  if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= 0))
    throw new StreamyError('OPTIONS_INVALID', `The limit of a list is ${String(limit)}. Give a whole number from 0 on.`)
  const range = rangeOf(selector)
  return {
    range: cursor === undefined ? range : behind(range, textOfCursor(cursor), reverse),
    descending: reverse,
    limit,
  }
}

/** What is left to be listed behind a page; undefined when that was all. */
export function planAfter(
  { range, descending, limit }: ListPlan,
  { entries, next }: EntriesPage,
): ListPlan | undefined {
  const rest = limit - entries.length
  if (next === undefined || rest <= 0) return undefined
  return { range: descending ? { ...range, to: next } : { ...range, from: next }, descending, limit: rest }
}

/** The cursor that stands at a key. */
export function cursorAt(text: string): string {
  return Buffer.from(bytesOfText(text)).toString('base64url')
}

function behind({ from, to }: IndexRange, text: string, descending: boolean): IndexRange {
  const next = `${text}\x01`
  if (descending) return { from, to: to === undefined || text < to ? text : to }
  return { from: next > from ? next : from, to }
}

function textOfCursor(cursor: unknown): string {
  if (typeof cursor === 'string' && /^[\w-]+$/.test(cursor)) return textOfBytes(Buffer.from(cursor, 'base64url'))
  throw new StreamyError('OPTIONS_INVALID', 'The cursor of a list is none. Pass one as an earlier list returned it.')
}
