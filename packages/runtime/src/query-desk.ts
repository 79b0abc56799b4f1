// QueryDesk: answers queries, those that are asked at once together. Entering the determinism guard and leaving it again costs as
// much as a small query, so it is done once for all of them. By a microtask, which comes behind the callers that are due to run
// now and before whatever they set going: a tick would wait until all of that has come to rest, and what tells itself on and on
// in a database in memory never does.
//
// Callers that ask again as soon as they are answered would keep everything else waiting, the disk's answers to writes included.
// So only so many are answered in one turn of the event loop, and the others in the next.

import type { Program } from '@streamy-db/core'

interface Waiting {
  readonly answer: () => unknown
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

const QUERIES_PER_TURN = 1024

/** Answers queries; see the header. */
export class QueryDesk {
  readonly #program: Pick<Program, 'isolate'>
  #waiting: Waiting[] = []
  // In this turn of the event loop; its end is waited for while there are any.
  #answered = 0

  constructor(program: Pick<Program, 'isolate'>) {
    this.#program = program
  }

  /** Resolves with what `answer` returns, and rejects with what it throws. It runs in one go, so at one position. */
  ask<Result>(answer: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ answer, resolve, reject })
      if (this.#waiting.length === 1 && this.#answered < QUERIES_PER_TURN) queueMicrotask(() => this.#answer())
    })
  }

  #nextTurn(): void {
    this.#answered = 0
    if (this.#waiting.length > 0) this.#answer()
  }

  #answer(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#answered === 0) setImmediate(() => this.#nextTurn())
    this.#answered += waiting.length
    this.#program.isolate(() => {
      for (const { answer, resolve, reject } of waiting) {
        try {
          // Each resolves the promise of what it answers.
          resolve(answer() as never)
        } catch (error) {
          reject(error)
        }
      }
    })
  }
}
