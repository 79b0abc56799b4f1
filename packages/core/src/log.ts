// The log contract: the one global order of batches. Three implementations pass one conformance suite
// (`testing/log-conformance.ts`); this file is the contract alone.
//
// L1 `append` resolves with the sequence only when the entry is durable as that log defines durable.
// L2 Every reader sees the same entries in the same order with the same append times, without gaps.
// L3 A retried append with the same id lands once within the log's dedup window.
// L4 `tail` never returns less than a sequence whose append was acknowledged before the call.
// L5 `trim` removes only whole entries below its argument; it is idempotent.

import type { Sequence } from './position.ts'

/** One entry of the log as every reader sees it. */
export interface LogEntry {
  /** Consecutive from 1. */
  readonly sequence: Sequence
  /** When the log took it, in integer microseconds since 1970. Log time is derived from it, never equal by promise. */
  readonly appendTime: number
  readonly bytes: Uint8Array
  /**
   * What the names of the sessions begin with for which its writer may speak, which is a client: then anything but first
   * attempts of their transactions is void in it. Absent for what workers wrote, and from logs that cannot tell; all
   * readers of a log are told the same.
   */
  readonly restrictedTo?: string
}

/**
 * What a log promises; see L1 to L5 above. Appends are numbered in the order of the calls of one process; a log on a
 * network may change the order of those that were under way together when its servers failed.
 */
export interface Log {
  /**
   * Appends one entry. Rejects with STORAGE_FAILED or SERVER_UNAVAILABLE when it may not be durable (the latter: try again
   * under the same id), STORAGE_FULL when it is not and there is no room until the log is trimmed, DATABASE_CLOSED after
   * `close`.
   */
  append(bytes: Uint8Array, id?: string): Promise<Sequence>
  /** The sequence of the last entry that is durable; 0 when there is none yet. */
  tail(): Promise<Sequence>
  /** The sequence of the oldest entry still held; `tail + 1` when none is. */
  first(): Promise<Sequence>
  /**
   * Follows the log from `from` on, for ever, in chunks of what is there, until `signal` aborts or the log closes
   * (both end the iteration). Throws LOG_TRIMMED when `from` is below `first`, LOG_CORRUPT when bytes fail their
   * checksum, LOG_DIVERGED when `from` is above `tail + 1`.
   */
  read(from: Sequence, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]>
  /** Removes entries below `before`; keeps at least the last one. */
  trim(before: Sequence): Promise<void>
  close(): Promise<void>
}
