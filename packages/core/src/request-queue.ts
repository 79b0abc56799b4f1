// RequestQueue: entries of one request are decided one after the other, in log order (DESIGN §6, F3). Most requests
// have one entry and never wait.

/** First come, first decided, per key. */
export class RequestQueue {
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Whether nobody has entered and not left, under any key. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Whether somebody has entered and not left. */
  has(key: string): boolean {
    return this.#waiting.has(key)
  }

  /** Runs `first` as soon as all earlier ones of `key` have left; at once when there are none. */
  enter(key: string, first: () => void): void {
    const queue = this.#waiting.get(key)
    if (queue !== undefined) {
      queue.push(first)
      return
    }
    this.#waiting.set(key, [first])
    first()
  }

  /** The one that is first leaves. */
  leave(key: string): void {
    const queue = this.#waiting.get(key)
    if (queue === undefined) return
    queue.shift()
    if (queue.length === 0) this.#waiting.delete(key)
    else queue[0]!()
  }
}
