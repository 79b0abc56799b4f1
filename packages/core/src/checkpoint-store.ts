// The checkpoint store port: where the state of partitions is kept as of a position, one object per partition and one that
// says that all are there. Several implementations pass one conformance suite (`testing/checkpoint-store-conformance.ts`);
// this file is the contract, and the names that the objects of one checkpoint have.
//
// C1 An object is visible whole or not at all, whatever happens while it is put; `put` resolves when it is durable.
// C2 What is read is what was put: damage is reported, at the latest when the iteration ends. So nothing that was read may be
//    acted upon before that.
// C3 An object that is put over another of its name takes its place as a whole. Who reads the old one meanwhile gets it to
//    its end or fails; it never gets a mixture.
// C4 `delete` is idempotent; an object that is deleted is gone for `get` and `list`.
// C5 `put` does not mind what becomes of a chunk's bytes once it has asked for the next.

import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { PartitionId, Position } from './position.ts'

/** What a checkpoint store promises; see C1 to C5 above. */
export interface CheckpointStore {
  /**
   * Puts an object of any number of chunks of any size. Rejects with OPTIONS_INVALID for a name that cannot be used,
   * STORAGE_FULL when there is no room, with what `chunks` throws, or with the store's failure; nothing is visible then.
   */
  put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
  /**
   * The bytes of an object, in chunks that need not be those it was put in. Throws CHECKPOINT_MISSING when there is none,
   * CHECKPOINT_CORRUPT when it is not what was put.
   */
  get(name: string): AsyncIterable<Uint8Array>
  /** The names that begin with `prefix`, in ascending order. */
  list(prefix: string): Promise<readonly string[]>
  delete(name: string): Promise<void>
  close(): Promise<void>
}

/** The object that holds the state of `partition` as of `checkpoint`; names of later checkpoints are greater. */
export function checkpointPartName(checkpoint: Position, partition: PartitionId): string {
  return `${checkpointPrefix(checkpoint)}partition-${String(partition).padStart(6, '0')}`
}

/** The object whose presence says that the checkpoint is complete: it is put last, and deleted first. */
export function checkpointManifestName(checkpoint: Position): string {
  return `${checkpointPrefix(checkpoint)}manifest`
}

/** What the names of all objects of a checkpoint begin with. */
export function checkpointPrefix(checkpoint: Position): string {
  return `${String(checkpoint).padStart(16, '0')}/`
}

/** The checkpoint that an object's name belongs to; undefined when it is not such a name. */
export function checkpointOf(name: string): Position | undefined {
  const digits = /^(\d{16})\//.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Throws OPTIONS_INVALID for a name that not every store could keep. */
export function assertCheckpointName(name: string): void {
  if (name.length <= limits.checkpointNameBytesMax && /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/.test(name))
    return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `${JSON.stringify(name)} is no name for a checkpoint's object: at most ${limits.checkpointNameBytesMax} lower-case letters, digits, dots, hyphens, underscores and slashes are.`,
  )
}

/** The error for an object that is not there. */
export function checkpointMissing(name: string): StreamyError {
  return new StreamyError('CHECKPOINT_MISSING', `There is no checkpoint object ${name}. Load another checkpoint.`)
}

/** The error for an object that is not what was put. */
export function checkpointCorrupt(name: string, what: string): StreamyError {
  return new StreamyError(
    'CHECKPOINT_CORRUPT',
    `The checkpoint object ${name} is damaged: ${what}. Load another checkpoint, or restore the store from a backup.`,
  )
}

/** The error for using a closed store. */
export function checkpointStoreClosed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The checkpoint store is closed. Open the database again to use it.')
}
