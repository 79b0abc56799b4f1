// Dice: every choice the scheduler makes, from one seed.

import { Random } from '@streamy-db/core'

/** A seeded source of choices. */
export class Dice {
  readonly #random: Random

  constructor(seed: string) {
    this.#random = new Random(seed)
  }

  /** An integer from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.#random.next() * bound)
  }

  /** True with `probability`. */
  happens(probability: number): boolean {
    return this.#random.next() < probability
  }

  /** One of `items`, which are not empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  /** Takes one of `items` out. */
  take<Item>(items: Item[]): Item | undefined {
    return items.splice(this.below(items.length), 1)[0]
  }

  /** One of the keys of `weights`, each as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][]
    let rest = this.#random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) if ((rest -= weight) < 0) return key
    return entries[0]![0]
  }
}
