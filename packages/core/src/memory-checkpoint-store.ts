// The memory checkpoint store: a map behind the checkpoint store contract, for tests.

import type { CheckpointStore } from './checkpoint-store.ts'
import { StreamyError } from './errors.ts'

/** A {@link CheckpointStore} in memory. */
export class MemoryCheckpointStore implements CheckpointStore {
  readonly #objects = new Map<string, readonly Uint8Array[]>()

  async put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const copies: Uint8Array[] = []
    for await (const chunk of chunks) copies.push(new Uint8Array(chunk))
    this.#objects.set(name, copies)
  }

  async *get(name: string): AsyncIterable<Uint8Array> {
    const chunks = this.#objects.get(name)
    if (chunks === undefined)
      throw new StreamyError(
        'CHECKPOINT_MISSING',
        `There is no checkpoint object ${name}. Start from another checkpoint.`,
      )
    for (const chunk of chunks) yield new Uint8Array(chunk)
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#objects.keys()].filter((name) => name.startsWith(prefix)).sort()
  }

  async delete(name: string): Promise<void> {
    this.#objects.delete(name)
  }

  async close(): Promise<void> {}
}
