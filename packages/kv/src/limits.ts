// Limits of the key-value layer, with what happens when they are reached. What they rest on is in the core's limits.

import { assert, limits } from '@streamy-db/core'

/** All limits of the layer; sizes in bytes unless the name says otherwise. */
export const kvLimits = {
  /** A key once encoded; refused with KEY_INVALID. Every key of up to 2000 bytes fits as an actor's key. */
  keyBytesMax: 2048,
  /** Parts of one key; refused with KEY_INVALID. */
  keyPartsMax: 256,
  /** Magnitude of a bigint in a key; refused with KEY_INVALID. */
  bigintBytesMax: 255,
  /** UTF-8 bytes of the name of a space; refused with OPTIONS_INVALID. */
  spaceNameBytesMax: 64,
  /** One value once encoded; refused with VALUE_TOO_LARGE. Half the core's limit, so that an answer can hold it. */
  valueBytesMax: limits.valueBytesMax / 2,
  /** Asserts, updates and gets of one transaction; refused with TRANSACTION_INVALID. */
  operationsPerTransactionMax: limits.callsPerTransactionMax,
  /** Entries that one operation on a range may meet: an assert, a delete or a get; it aborts with RangeTooLarge. */
  rangeEntriesMax: 2000,
  /** Entries in the snapshot that a watch of a range begins with; refused with OPTIONS_INVALID. */
  watchedEntriesMax: 65_536,
  /** Time to live of an entry in milliseconds, a hundred years; refused with OPTIONS_INVALID. */
  expireInMaxMs: 100 * 365 * 86_400_000,
  /** Entries in one page of a list; the iteration asks for the next page by itself. */
  pageEntriesMax: 500,
  /** Keys of one leaf of the ordered index, and children of one of its inner nodes; one more splits it. */
  indexNodeItemsMax: 256,
  /** Nodes one operation may pass on its way to a leaf; the index is damaged beyond it, and the operation aborts. */
  indexHopsMax: 64,
  /** Inner nodes that one client remembers of one index; it forgets the oldest. */
  routedNodesMax: 4096,
  /** Keys that one client remembers to be present; it forgets the oldest. */
  presentKeysMax: 16_384,
} as const

assert(2 * kvLimits.rangeEntriesMax < limits.touchesPerTransactionMax, 'a range and its leaves fit a footprint')
