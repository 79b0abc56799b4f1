// The checkpoint store port: named objects that hold the state of partitions as of one batch (DESIGN §8).
// `testing/checkpoint-store-conformance.ts` holds every implementation to this file, which is the contract alone.

/** What a checkpoint store promises. Names are 1 to 200 letters, digits, `-` and `_`. */
export interface CheckpointStore {
  /**
   * Stores an object under a name that was never used before. It is visible whole, once the promise has resolved, or not
   * at all; then it is durable. Rejects with STORAGE_FAILED.
   */
  put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
  /**
   * The bytes of an object, in chunks of any size. Throws CHECKPOINT_MISSING when there is none, CHECKPOINT_CORRUPT when
   * they are not those that were put, which may show only at the end.
   */
  get(name: string): AsyncIterable<Uint8Array>
  /** The names that start with `prefix`, ascending. */
  list(prefix: string): Promise<readonly string[]>
  /** Removes an object, if it is there. */
  delete(name: string): Promise<void>
  close(): Promise<void>
}
