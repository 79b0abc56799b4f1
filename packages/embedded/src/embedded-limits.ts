// Limits of the embedded log and store, as `limits.ts` of the core keeps those of the engine: sizes in bytes unless the
// name says otherwise, with what happens when one is reached.

import { assert, limits } from '@streamy-db/core'

const KIB = 1024
const MIB = 1024 * KIB

/** All limits of the embedded storage. */
export const embeddedLimits = {
  /** One segment file; the next entry starts a new one. */
  segmentBytes: 64 * MIB,
  /** How far a segment is filled with zeros ahead of the entries, so that a flush need not flush the file's size; more for large flushes. */
  zeroedAheadBytes: 1 * MIB,
  /** Flushes under way at once; appends wait for one of them and then share the next. */
  flushesInFlightMax: 2,
  /** Entries sharing one flush; the rest take the next. Each is two buffers, and the kernel takes 1024. */
  entriesPerFlushMax: 256,
  /** Bytes sharing one flush, unless a single entry has more. */
  bytesPerFlushMax: 4 * MIB,
  /** Appends waiting for a flush; more are refused with OVERLOADED. */
  appendsQueuedMax: 65_536,
  /** Newest entries kept in memory for readers; a reader further behind reads from disk. */
  tailBytesMax: 16 * MIB,
  /** Newest entries kept in memory, in number. */
  tailEntriesMax: 16_384,
  /** How much a reader that is behind reads from disk at once, unless one entry has more. */
  readAheadBytes: 1 * MIB,
  /** One checksummed block of a checkpoint's object, as it is written and read at once. */
  checkpointBlockBytes: 1 * MIB,
  /** UTF-8 bytes of an append's id; longer ones are refused with OPTIONS_INVALID. */
  idBytesMax: 1 * KIB,
  /** UTF-8 bytes of a key of the state store; longer ones are refused with KEY_INVALID. */
  stateKeyBytesMax: limits.storeKeyBytesMax + limits.historyKeyBytesMax,
  /** One value of the state store; larger ones are refused with VALUE_TOO_LARGE. */
  stateValueBytesMax: 16 * MIB,
} as const

assert(limits.batchBytesMax < embeddedLimits.segmentBytes, 'the largest entry fits a segment')
assert(
  embeddedLimits.tailBytesMax > 4 * limits.batchBytesMax,
  'a reader at the tail finds the newest entries in memory',
)
