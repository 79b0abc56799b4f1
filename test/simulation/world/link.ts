// Links: how what processes send each other, and the servers, fares on its way. One table for all of them, so that a fault
// can cut a machine off from everything, from one other, or in one direction only.

import type { Dice } from '../../differential/dice.ts'

/** How bad the ways are, all of them alike. */
export interface LinkConditions {
  readonly loss: number
  readonly repeat: number
  readonly delayUs: number
  /** Added to the delay, by chance: with it things overtake each other. */
  readonly jitterUs: number
  /** Some take much longer. */
  readonly slow: number
  readonly slowUs: number
}

export const goodLinks: LinkConditions = { loss: 0, repeat: 0, delayUs: 300, jitterUs: 0, slow: 0, slowUs: 0 }

/** The place where the log and the checkpoints are. */
export const servers = 'servers'
const everybody = '*'

/** The ways between all machines. */
export class Links {
  conditions: LinkConditions = goodLinks
  readonly #cut = new Map<string, number>()
  readonly #dice: Dice

  constructor(dice: Dice) {
    this.#dice = dice
  }

  /** Cuts a direction; `undefined` stands for everybody, the machine itself and the servers included. Answers how to end it. */
  cut(from: string | undefined, to: string | undefined): () => void {
    const key = `${from ?? everybody}>${to ?? everybody}`
    this.#cut.set(key, (this.#cut.get(key) ?? 0) + 1)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      const left = this.#cut.get(key)! - 1
      if (left === 0) this.#cut.delete(key)
      else this.#cut.set(key, left)
    }
  }

  isCut(from: string, to: string): boolean {
    if (this.#cut.size === 0) return false
    return (
      this.#cut.has(`${from}>${to}`) || this.#cut.has(`${from}>${everybody}`) || this.#cut.has(`${everybody}>${to}`)
    )
  }

  /** After how long what is sent now arrives, each time that it does. */
  arrivals(from: string, to: string): readonly number[] {
    if (this.isCut(from, to)) return []
    const { loss, repeat } = this.conditions
    if (loss > 0 && this.#dice.happens(loss)) return []
    if (repeat > 0 && this.#dice.happens(repeat)) return [this.delay(), this.delay() + this.#dice.below(3_000_000)]
    return [this.delay()]
  }

  /** How long something takes on its way. */
  delay(): number {
    const { delayUs, jitterUs, slow, slowUs } = this.conditions
    const jitter = jitterUs > 0 ? this.#dice.below(jitterUs) : 0
    return delayUs + jitter + (slow > 0 && this.#dice.happens(slow) ? this.#dice.below(slowUs) : 0)
  }
}
