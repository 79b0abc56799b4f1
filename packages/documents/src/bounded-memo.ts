// BoundedMemo: remembers what was made of a text. What is made depends on nothing but the text, so forgetting changes
// nothing but time, and handlers may use it.

import { documentLimits } from './limits.ts'

/** Makes things of texts, and keeps the latest. */
export class BoundedMemo<Made> {
  readonly #make: (text: string) => Made
  readonly #made = new Map<string, Made>()

  constructor(make: (text: string) => Made) {
    this.#make = make
  }

  /** What was made of `text`. Throws what making it throws. */
  get(text: string): Made {
    const known = this.#made.get(text)
    if (known !== undefined) return known
    const made = this.#make(text)
    // Large texts are rare, and rarely come again: they would be most of what is kept.
    if (text.length > documentLimits.compiledTextMax) return made
    if (this.#made.size >= documentLimits.compiledMax) {
      // A full memo has an oldest item.
      for (const oldest of this.#made.keys()) {
        this.#made.delete(oldest)
        break
      }
    }
    this.#made.set(text, made)
    return made
  }
}
