// Ending: says that what somebody works on is not wanted any more, as an AbortSignal does. One of those takes as long to make
// as a small query to answer, and longer to abort; an ending is made for every question, and mostly nobody listens to it.

/** Whatever may end: an {@link Ending} or an AbortSignal. */
export interface MayEnd {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** An end that may come. */
export class Ending implements MayEnd {
  #aborted = false
  #listeners: readonly (() => void)[] = []
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#aborted
  }

  /** The same as a signal, for those who need one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      if (this.#aborted) controller.abort()
      else this.addEventListener('abort', () => controller.abort())
    }
    return this.#controller.signal
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener]
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener)
  }

  /** Ends, once. */
  abort(): void {
    if (this.#aborted) return
    this.#aborted = true
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }
}
