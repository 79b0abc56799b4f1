// Errors of the layer that reach whoever made the transaction; the transaction had no effect. A failed assert is one
// of them inside, but `transact` and `commit` answer with it instead of throwing it.

import { ActorError } from '@streamy-db/actors'
import type { StoredEntry } from './stored-entry.ts'

/** A sum, min, max or append met a value of another kind. Nothing was changed. */
export class KvTypeMismatch extends ActorError<{
  readonly operation: string
  readonly found: string
  readonly given: string
}> {}

/** One operation met more entries than `kvLimits.rangeEntriesMax`. Nothing was changed: take smaller ranges. */
export class KvRangeTooLarge extends ActorError<{ readonly entriesMax: number }> {}

/** What a failed assert tells: which one it was, and what it met. */
export interface FailedAssert {
  /** Which assert of the transaction, from 0. */
  readonly index: number
  /** The text of the key that is not as asserted; undefined for a number of entries. */
  readonly key: string | undefined
  /** What the entry is now; undefined when there is none. */
  readonly entry: StoredEntry | undefined
  /** How many entries the range holds, where that was asserted. */
  readonly count: number | undefined
}

/** An assert does not hold: the transaction had no effect. */
export class KvAssertFailed extends ActorError<FailedAssert> {}
