// Limits: every queue, batch, value, retry and buffer of Streamy, in one place, with what happens when it is full.
// Those marked (format) decide what is void in a log, so changing one changes replay: they belong to the log format.

import { assert } from './errors.ts'
import { transactionIndexMax } from './position.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** All limits; sizes in bytes unless the name says otherwise. */
export const limits = {
  /** Transactions in one batch; the submitter starts the next batch. (format) */
  transactionsPerBatchMax: transactionIndexMax,
  /** One log entry as it is read; a larger one is void. (format) */
  batchBytesMax: 1 * MIB,
  /**
   * One log entry as it is written: with its headers it fits a message of the size that a NATS server takes by default; the
   * submitter starts the next batch.
   */
  entryBytesMax: 1 * MIB - 8 * KIB,
  /** One transaction with all its arguments; refused with VALUE_TOO_LARGE. (format) */
  transactionBytesMax: 768 * KIB,
  /**
   * One transaction as it is first submitted, told or set as a timer; refused, or aborts the handler, with
   * VALUE_TOO_LARGE. Below `transactionBytesMax` by what later attempts may add.
   */
  requestBytesMax: 736 * KIB,
  /** Calls in one transaction; refused with TRANSACTION_INVALID. (format) */
  callsPerTransactionMax: 1024,
  /** Asserts in one transaction; refused with TRANSACTION_INVALID. (format) */
  assertsPerTransactionMax: 4096,
  /** Declared actors in one transaction; refused with TRANSACTION_INVALID. (format) */
  touchesPerTransactionMax: 4096,
  /** UTF-8 bytes of the name of an actor type, a message or a session; refused at registration. (format) */
  nameBytesMax: 128,
  /** UTF-8 bytes of an actor's key; refused with KEY_INVALID. (format) */
  keyBytesMax: 4 * KIB,
  /** UTF-8 bytes of a request's suffix, which names an actor and a timer at most. (format) */
  suffixBytesMax: 4 * KIB + 512,
  /** UTF-8 bytes of a key in the state store; what would need a longer one is void. (format) */
  storeKeyBytesMax: 5000,
  /** UTF-8 bytes that the history puts in front of such a key. */
  historyKeyBytesMax: 16,
  /** One argument, result or field once encoded; refused, or aborts the handler, with VALUE_TOO_LARGE. */
  valueBytesMax: 512 * KIB,
  /** Bytes of the name of a checkpoint's object; refused with OPTIONS_INVALID. */
  checkpointNameBytesMax: 128,
  /** Nesting of objects in one value; refused, or aborts the handler, with VALUE_NOT_ENCODABLE. */
  valueDepthMax: 64,
  /** All fields and timers of one actor once encoded; aborts the handler with VALUE_TOO_LARGE. */
  actorBytesMax: 8 * MIB,
  /** Calls across actors within one another; the error CALL_DEPTH_EXCEEDED is an outcome. */
  callDepthMax: 64,
  /** Tells of one transaction; one more aborts the handler with TRANSACTION_INVALID. */
  tellsPerTransactionMax: 1024,
  /** Timers pending on one actor; one more aborts the handler with TRANSACTION_INVALID. */
  timersPerActorMax: 1024,
  /** Timers one actor runs in one batch; the rest wait for the next batch. */
  timerRunsPerActorMax: 64,
  /** The attempt that names every partition (F4). */
  exclusiveAttempt: 4,
  /** Unresolved transactions on one worker; it stops scanning the log until some resolve (K6). */
  unresolvedMax: 16_384,
  /** Messages kept for positions not yet scanned; the highest positions are dropped and asked for again (K6). */
  earlyMessagesMax: 65_536,
  /** Items one EventTimeSorter buffers; it refuses more, except of a source that all others wait for. */
  sorterItemsMax: 65_536,
  /** How long after its first sending a request may still arrive, in microseconds of log time. */
  requestRetentionUs: 10 * 60 * 1_000_000,
  /** How long a session's records outlive its last request, in microseconds of log time. */
  sessionRetentionUs: 30 * 60 * 1_000_000,
  /** Appends a submitter keeps in flight. */
  appendsInFlightMax: 2,
  /** Calls waiting in one submitter; refused with OVERLOADED. */
  callsQueuedMax: 262_144,
  /** Snapshots open at a time in one engine; the oldest gives way, and reads of it throw SNAPSHOT_EXPIRED. */
  snapshotsOpenMax: 1024,
  /** Records that one snapshot keeps because they have changed since; it gives way when there are more. */
  snapshotRecordsMax: 524_288,
  /** Moments whose state one history keeps; the oldest gives way. */
  historyBoundariesMax: 256,
  /** Views of the past that read from the state in memory; the oldest gives way, and reads from the history from then on. */
  viewsInMemoryMax: 8,
  /** Commits that one feed keeps in memory for its readers; whoever is further behind replays them from the log. */
  feedCommitsMax: 16_384,
  /** Commits that are handed to a reader of a feed, or to a projection, at once; a larger transaction comes whole. */
  commitsAtOnceMax: 1000,
  /** Batches after which a projection writes down how far it is, also when nothing of them was its own. */
  projectionBatchesMax: 1024,
  /** Attempts of one `db.transaction`; then TRANSACTION_CONFLICT. */
  transactionAttemptsMax: 32,
  /** Append ids one log remembers (L3); it forgets the oldest, and a later retry lands again. */
  recentIdsMax: 8192,
  /** Tells one worker has appended and not yet read back; the rest wait in the outbox. */
  tellsInFlightMax: 4096,
  /** Handlers of which a worker remembers that it has reported them; those beyond are reported each time. */
  handlersReportedMax: 10_000,
  /** Transactions for which a worker asks its peers again at once; the younger ones follow as those resolve. */
  transactionsAskedMax: 256,
  /** Retries and tells waiting in one worker to be appended; more are dropped and submitted again later. */
  submissionsQueuedMax: 65_536,
  /** Workers of one database; a further one is not let in. (format) */
  workersMax: 1024,
} as const

assert(limits.transactionBytesMax < limits.entryBytesMax, 'a transaction at its limit fits an entry')
assert(limits.entryBytesMax <= limits.batchBytesMax, 'what is written can be read')
assert(limits.valueBytesMax < limits.requestBytesMax, 'a value at its limit fits a request')
assert(limits.requestBytesMax + 6 * limits.keyBytesMax < limits.transactionBytesMax, 'a request has room to retry')
assert(limits.nameBytesMax + limits.keyBytesMax + 64 < limits.suffixBytesMax, "a timer's identity fits a suffix")
assert(limits.nameBytesMax + limits.suffixBytesMax + 64 < limits.storeKeyBytesMax, "a request's key fits a store")
assert(limits.sessionRetentionUs > 2 * limits.requestRetentionUs, 'a record outlives every request it could answer')
