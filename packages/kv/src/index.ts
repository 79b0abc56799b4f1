// Public face of the key-value layer, by name.

export { kvActors, kvErrors } from './kv-actors.ts'
export { type ByteEntry, type ByteRange, readByteRanges } from './byte-ranges.ts'
export { KvAtomic, type KvCommitResult } from './atomic.ts'
export type { KvAbsent, KvEntry, KvResult } from './kv-entry.ts'
export { KvRangeTooLarge, KvTypeMismatch } from './kv-errors.ts'
export { kvInHandler, type KvInHandler, kvRef } from './kv-in-handler.ts'
export { kvInTransaction, type KvInTransaction } from './kv-in-transaction.ts'
export type { KvKey, KvKeyPart } from './kv-key.ts'
export type { KvSetOptions } from './kv-calls.ts'
export { KvList } from './kv-list.ts'
export type { KvListOptions } from './list-plan.ts'
export { type Kv, type KvGetOptions, type KvMerged, kvSpace } from './kv.ts'
export type { KvWatchBatch, KvWatched, KvWatchOptions } from './kv-watch.ts'
export type {
  KvAssert,
  KvCommitted,
  KvEntryAssert,
  KvFailed,
  KvGet,
  KvRangeAssert,
  KvRangeGet,
  KvRangeResult,
  KvTransaction,
  KvTransactionResult,
  KvUpdate,
} from './kv-transaction-data.ts'
export { kvLimits } from './limits.ts'
export type { KvSelector } from './selector.ts'
export { decodeTuple, encodeTuple } from './tuple-codec.ts'
export { type KvMoment, type KvVersion, positionOf, versionOf } from './version.ts'

// The ordered index, for layers above that keep sorted sets of their own.
export { bytesOfText, textOfBytes } from './key-text.ts'
export { IndexNode } from './ordered-index/index-node.ts'
export { IndexDamaged } from './ordered-index/index-errors.ts'
export { LeafRouter } from './leaf-router.ts'
export { isLeafName, parseNodeName } from './ordered-index/node-name.ts'
export { type IndexRange, OrderedIndex, type WalkOptions } from './ordered-index/ordered-index.ts'
