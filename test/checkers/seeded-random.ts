// Seeded random choices for simulated histories, so that a seed tells everything. Not for anything unpredictable.

/** Mulberry32 (T. Ettinger, 2017). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** True with `probability`. */
  happens(probability: number): boolean {
    return this.next() < probability
  }

  /** One of `items`, which are not empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }
}
