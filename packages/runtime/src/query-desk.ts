// QueryDesk: answers queries of an embedded database, those of one turn of the event loop together. Entering the determinism
// guard and leaving it again costs as much as a small query, so it is done once for all of them; nobody waits for that but
// until the callers that run now have run.

import type { Program } from '@streamy-db/core'

/** Answers queries; see the header. */
export class QueryDesk {
  readonly #program: Pick<Program, 'isolate'>
  #waiting: (() => void)[] = []

  constructor(program: Pick<Program, 'isolate'>) {
    this.#program = program
  }

  /** Resolves with what `answer` returns, and rejects with what it throws. It runs in one go, so at one position. */
  ask<Result>(answer: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(answer())
        } catch (error) {
          reject(error)
        }
      })
      if (this.#waiting.length === 1) process.nextTick(() => this.#answer())
    })
  }

  #answer(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#program.isolate(() => {
      for (const answer of waiting) answer()
    })
  }
}
