// Positions: the logical timestamp of everything. One safe integer holds the sequence of a batch and the index of a
// transaction in it, so that comparing two positions is comparing two numbers. Index 0 is reserved for timers.

/** Place of a batch in the log; the first is 1. */
export type Sequence = number

/** `(batch sequence, index in the batch)` in one safe integer. */
export type Position = number

/** Number of a partition, from 0. */
export type PartitionId = number

/** Integer microseconds since 1970: `max(append time of the batch, previous + 1)`. */
export type LogTime = number

const INDICES_PER_BATCH = 4096

/** The most transactions one batch can hold: indices 1 to 4095. */
export const transactionIndexMax: number = INDICES_PER_BATCH - 1

/** The position of the transaction at `index` (from 1; 0 is the timers') of batch `sequence`. */
export function positionOf(sequence: Sequence, index: number): Position {
  return sequence * INDICES_PER_BATCH + index
}

/** The batch that holds `position`. */
export function sequenceOf(position: Position): Sequence {
  return Math.floor(position / INDICES_PER_BATCH)
}

/** The index within its batch of `position`. */
export function indexOf(position: Position): number {
  return position % INDICES_PER_BATCH
}

/** The last position that batch `sequence` can hold: everything up to it is everything up to the end of the batch. */
export function endOfBatch(sequence: Sequence): Position {
  return positionOf(sequence, transactionIndexMax)
}
