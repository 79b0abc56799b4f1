// The checkpoint store in memory, for tests and `:memory:`.

import {
  assertCheckpointName,
  checkpointMissing,
  checkpointStoreClosed,
  type CheckpointStore,
} from './checkpoint-store.ts'

/** A {@link CheckpointStore} in memory. */
export class MemoryCheckpointStore implements CheckpointStore {
  readonly #objects = new Map<string, readonly Uint8Array[]>()
  #closed = false

  async put(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#assertOpen()
    assertCheckpointName(name)
    const object: Uint8Array[] = []
    for await (const chunk of chunks) object.push(new Uint8Array(chunk))
    this.#assertOpen()
    this.#objects.set(name, object)
  }

  async *get(name: string): AsyncIterable<Uint8Array> {
    this.#assertOpen()
    const object = this.#objects.get(name)
    if (object === undefined) throw checkpointMissing(name)
    for (const chunk of object) yield new Uint8Array(chunk)
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    return Array.from(this.#objects.keys())
      .filter((name) => name.startsWith(prefix))
      .sort()
  }

  async delete(name: string): Promise<void> {
    this.#assertOpen()
    this.#objects.delete(name)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw checkpointStoreClosed()
  }
}
