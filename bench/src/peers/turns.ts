// Turns: so many pieces of work at a time, in the order in which they came. What has waited for its turn too long gives up before it
// has begun, as a client with a deadline does; so a slow server is not asked for what nobody waits for any more.

import { GaveUp } from '../systems/system.ts'

const PATIENCE_MS = 2000

/** Lets so many at a time. */
export class Turns {
  readonly #atOnce: number
  readonly #waiting: (() => void)[] = []
  #working = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Does the work when it is its turn. Rejects with {@link GaveUp} when that came too late. */
  async take<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#working >= this.#atOnce) await this.#turn()
    else this.#working += 1
    try {
      return await work()
    } finally {
      // Whoever is next works in its place.
      const next = this.#waiting.shift()
      if (next === undefined) this.#working -= 1
      else next()
    }
  }

  async #turn(): Promise<void> {
    const queuedAt = performance.now()
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (performance.now() - queuedAt <= PATIENCE_MS) return
    const next = this.#waiting.shift()
    if (next === undefined) this.#working -= 1
    else next()
    throw new GaveUp(`no turn for ${PATIENCE_MS} ms`)
  }
}
