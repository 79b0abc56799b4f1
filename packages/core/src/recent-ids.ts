// Recent ids: the dedup window of a log (L3). It remembers the last ids that were appended and where they landed; what
// is older is forgotten, and a retry then lands again.

import { limits } from './limits.ts'

/** The last `capacity` ids of a log, each with what was kept for it. */
export class RecentIds<Value> {
  readonly #capacity: number
  readonly #values = new Map<string, Value>()

  constructor(capacity: number = limits.recentIdsMax) {
    this.#capacity = capacity
  }

  get(id: string): Value | undefined {
    return this.#values.get(id)
  }

  /** Remembers `id` as the newest, and forgets the oldest beyond the capacity. */
  add(id: string, value: Value): void {
    this.#values.set(id, value)
    if (this.#values.size <= this.#capacity) return
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest)
      return
    }
  }
}
