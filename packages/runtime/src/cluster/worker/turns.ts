// Turns of the event loop, as a port: whoever has much to do at once gives up its turn now and then, so that the rest of
// the process gets on.

import { setImmediate as nextTurn } from 'node:timers/promises'

/** What shares the event loop among those who have much to do. */
export interface Turns {
  /** Begins a turn. What is returned is called between pieces of work: when the turn is over, the next one is to be awaited. */
  begin(): () => Promise<void> | undefined
  /** Gives up a turn now. */
  next(): Promise<void>
}

const TURN_MS = 10

/** Turns of the process's event loop. */
export const eventLoopTurns: Turns = {
  begin: () => {
    let startedAt = performance.now()
    const next = async (): Promise<void> => {
      await nextTurn()
      startedAt = performance.now()
    }
    return () => (performance.now() - startedAt > TURN_MS ? next() : undefined)
  },
  next: () => nextTurn(),
}
