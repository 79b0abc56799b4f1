// The memory state store: a map behind the state store contract, for tests and `:memory:`.

import { StreamyError } from './errors.ts'
import type { StateChange, StateStore } from './state-store.ts'

/** A {@link StateStore} in memory. */
export class MemoryStateStore implements StateStore {
  readonly #values = new Map<string, Uint8Array>()
  #closed = false

  get(key: string): Uint8Array | undefined {
    this.#assertOpen()
    return this.#values.get(key)
  }

  *scan(prefix: string): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
    this.#assertOpen()
    for (const [key, value] of this.#values) if (key.startsWith(prefix)) yield { key, value }
  }

  async advance(changes: Iterable<StateChange>): Promise<void> {
    this.#assertOpen()
    // Taken whole before the first is applied: an iterable that throws half way changes nothing.
    for (const { key, value } of Array.from(changes)) {
      if (value === undefined) this.#values.delete(key)
      else this.#values.set(key, new Uint8Array(value))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed()
  }
}

/** The error for using a closed state store. */
export function storeClosed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The state store is closed. Open the database again to use it.')
}
