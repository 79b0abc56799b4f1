// Progress: how far something long is, on stderr: a line that is written over where a person watches, and else a line now and
// then, so that logs stay short.

const everyMs = { watched: 200, logged: 10_000 }

/** Tells how far something is. */
export class Progress {
  readonly #what: string
  readonly #isWatched = process.stderr.isTTY
  readonly #begun = performance.now()
  #told = performance.now()
  #count = 0

  /** `what` is being counted: `entries imported`. */
  constructor(what: string) {
    this.#what = what
  }

  get count(): number {
    return this.#count
  }

  /** So many more. */
  add(count: number): void {
    this.#count += count
    const now = performance.now()
    if (now - this.#told < (this.#isWatched ? everyMs.watched : everyMs.logged)) return
    this.#told = now
    process.stderr.write(this.#isWatched ? `\r\u001B[K${this.#line()}` : `${this.#line()}\n`)
  }

  /** It is over: tells what it came to. */
  end(): void {
    process.stderr.write(`${this.#isWatched ? '\r\u001B[K' : ''}${this.#line()}\n`)
  }

  #line(): string {
    const seconds = (performance.now() - this.#begun) / 1000
    const rate = Math.round(this.#count / Math.max(seconds, 0.001))
    return `${number(this.#count)} ${this.#what} in ${seconds.toFixed(1)} s, ${number(rate)} a second`
  }
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
