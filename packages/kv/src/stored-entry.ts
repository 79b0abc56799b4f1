// StoredEntry: an entry as its actor tells it, before keys are decoded and positions become versions. Types only.

import type { Position } from '@streamy-db/core'

/** What is stored under a key. */
export interface StoredEntry {
  readonly value: unknown
  /** Of the last write. */
  readonly position: Position
  /** Milliseconds since 1970, in log time. */
  readonly expiresAt: number | undefined
}

/** Keys of a range as the index lists them, in the order in which they were asked for. */
export interface KeysPage {
  readonly keys: readonly string[]
  /** As of {@link EntriesPage}. */
  readonly next: string | undefined
}

/** Entries of a range, in the order in which they were asked for. */
export interface EntriesPage {
  readonly entries: readonly (readonly [text: string, entry: StoredEntry])[]
  /** Where the range goes on: its new start, or, descending, its new end. Undefined when it is over. */
  readonly next: string | undefined
}
