// Turns of the event loop, as a port: whoever has much to do at once gives up its turn now and then, so that the rest of
// the process gets on.

import { setImmediate as nextTurn } from 'node:timers/promises'

/** Turns of one who does its work piece by piece. */
export interface Turn {
  /** Before each piece: when the turn is over, the next one is to be awaited. */
  enter(): Promise<void> | undefined
  /** Behind each piece. What passes until the next one is nobody's turn. */
  leave(): void
}

/** What shares the event loop among those who have much to do. */
export interface Turns {
  begin(): Turn
  /** Gives up a turn now. */
  next(): Promise<void>
}

const TURN_MS = 10

/** Turns of the process's event loop. */
export const eventLoopTurns: Turns = {
  begin: () => new EventLoopTurn(),
  next: () => nextTurn(),
}

// By the time that was worked, not by what has passed: whoever waits for its next piece of work has not kept the loop busy, and
// giving up a turn costs as much as a small piece.
class EventLoopTurn implements Turn {
  #workedMs = 0
  #enteredAt = 0

  enter(): Promise<void> | undefined {
    if (this.#workedMs > TURN_MS) return this.#next()
    this.#enteredAt = performance.now()
    return undefined
  }

  leave(): void {
    this.#workedMs += performance.now() - this.#enteredAt
  }

  async #next(): Promise<void> {
    await nextTurn()
    this.#workedMs = 0
    this.#enteredAt = performance.now()
  }
}
