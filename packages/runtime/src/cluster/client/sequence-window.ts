// SequenceWindow: the numbers of a session's requests, and how far the session has all its answers. Home forgets outcomes
// below that, so it must never run ahead of a request that may still be asked for.

/** Numbers requests and tells how far they are answered. */
export class SequenceWindow {
  #last = 0
  #answeredBelow = 1
  readonly #answeredAhead = new Set<number>()

  /** Every request of a lower sequence is answered, or nobody will ask for it any more. */
  get answeredBelow(): number {
    return this.#answeredBelow
  }

  /** The next request's sequence. */
  take(): number {
    return ++this.#last
  }

  /** The request is answered, was never sent, or is given up. */
  answered(sequence: number): void {
    if (sequence !== this.#answeredBelow) {
      if (sequence > this.#answeredBelow) this.#answeredAhead.add(sequence)
      return
    }
    do this.#answeredBelow += 1
    while (this.#answeredAhead.delete(this.#answeredBelow))
  }
}
