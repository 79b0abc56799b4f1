// AbortableIterator: an async generator that can be ended while it waits. A generator's own `return` waits until the
// step under way has come to an end, which for one that waits for news may be never; here it aborts the step first.

/** Iterates what a generator yields, until it ends, `return` is called, or a signal aborts. */
export class AbortableIterator<Item> implements AsyncIterableIterator<Item> {
  readonly #aborting = new AbortController()
  readonly #generator: AsyncGenerator<Item>

  /** `generate` must end soon after its signal aborts. */
  constructor(generate: (signal: AbortSignal) => AsyncGenerator<Item>, signal?: AbortSignal) {
    const { signal: own } = this.#aborting
    this.#generator = generate(signal === undefined ? own : AbortSignal.any([own, signal]))
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    return this.#generator.next()
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#aborting.abort()
    await this.#generator.return(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
