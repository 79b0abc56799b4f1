// SharedBarrier: one entry in the log for all queries that wait for one (DESIGN §10). Those that come while one is being
// appended share the next, since theirs must have started after they came.

import type { Position } from '@streamy-db/core'

/** Shares barriers. */
export class SharedBarrier {
  readonly #append: () => Promise<Position>
  #underway: Promise<unknown> | undefined
  #next: Promise<Position> | undefined

  constructor(append: () => Promise<Position>) {
    this.#append = append
  }

  /** Resolves with a barrier whose append starts after this call. Rejects when it cannot be appended. */
  next(): Promise<Position> {
    this.#next ??= this.#startNext()
    return this.#next
  }

  async #startNext(): Promise<Position> {
    // The turn that those take who came together; or until the append under way has ended, however it did.
    await this.#underway?.catch(() => {})
    this.#next = undefined
    const appended = this.#append()
    this.#underway = appended
    return await appended
  }
}
