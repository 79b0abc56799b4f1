// MinHeap: a binary heap over an order of the caller's. Equal items come out in no promised order, so callers whose
// order must be deterministic compare to the last field.

/** The smallest of many, in logarithmic time. */
export class MinHeap<Item> {
  readonly #items: Item[] = []
  readonly #less: (a: Item, b: Item) => boolean

  constructor(less: (a: Item, b: Item) => boolean) {
    this.#less = less
  }

  get size(): number {
    return this.#items.length
  }

  peek(): Item | undefined {
    return this.#items[0]
  }

  /** All items, in no particular order. */
  items(): readonly Item[] {
    return this.#items
  }

  push(item: Item): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#less(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): Item | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return top
  }

  #sink(item: Item): void {
    const items = this.#items
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#less(items[child + 1]!, items[child]!)) child += 1
      if (!this.#less(items[child]!, item)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = item
  }
}
