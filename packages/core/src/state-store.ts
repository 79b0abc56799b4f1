// The state store port: a durable map that always holds exactly the state as of one position. Reads are synchronous,
// because the core is; `advance` is the only write and is atomic.

/** One change of a store: `value` undefined deletes the key. */
export interface StateChange {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/**
 * What a state store promises; `testing/state-store-conformance.ts` holds every implementation to it.
 * Keys are well-formed strings of 1 to 5,016 UTF-8 bytes that hold no NUL; values are at most 16 MiB.
 */
export interface StateStore {
  /**
   * The stored bytes, or undefined. The caller must not change them, and copies what it keeps: more memory may hang on them.
   * Throws STATE_CORRUPT when they fail a checksum.
   */
  get(key: string): Uint8Array | undefined
  /** Every entry whose key starts with `prefix`, each once; in no promised order. */
  scan(prefix: string): Iterable<{ readonly key: string; readonly value: Uint8Array }>
  /**
   * Applies all changes or none, durably; the last change of a key wins. It may take them bit by bit, with other work in
   * between. One call at a time: the next starts after the
   * promise settles. While it is under way reads answer from before or from after, all of one turn of the event loop alike;
   * after it, from after.
   * Rejects with STORAGE_FAILED, and then nothing was applied.
   */
  advance(changes: Iterable<StateChange>): Promise<void>
  close(): Promise<void>
}
