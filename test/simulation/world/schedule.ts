// Schedule: virtual time. What is to happen stands in one queue, by time; time goes on to the next event, and between two
// events everything that hangs on the first is let run: promise callbacks and ticks. So one seed makes one run.

import { MinHeap } from '@streamy-db/core'

interface Event {
  readonly at: number
  /** Events of one moment happen in the order in which they were set. */
  readonly number: number
  run: (() => void) | undefined
}

// Each round runs all ticks and promise callbacks that are due; what they set off in their turn is for the next.
const ROUNDS = 3
// So often the event loop goes round: whoever watches the program from outside is heard.
const EVENTS_PER_TURN = 4096

/** Events in virtual time, in microseconds since 1970. */
export class Schedule {
  #now: number
  #number = 0
  #happened = 0
  readonly #events = new MinHeap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.number < b.number))

  constructor(startUs: number) {
    this.#now = startUs
  }

  get now(): number {
    return this.#now
  }

  /** How many events have happened. */
  get happened(): number {
    return this.#happened
  }

  /** Lets `run` happen at a time, or now if that has passed, never within the call; the returned function takes it back. */
  at(time: number, run: () => void): () => void {
    const event: Event = { at: Math.max(time, this.#now), number: this.#number++, run }
    this.#events.push(event)
    return () => (event.run = undefined)
  }

  after(delayUs: number, run: () => void): () => void {
    return this.at(this.#now + Math.round(delayUs), run)
  }

  /** Resolves after a time. */
  wait(delayUs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayUs, resolve))
  }

  /** Lets time pass while `condition` holds, at most until `end`. */
  async runWhile(condition: () => boolean, end: number): Promise<void> {
    await settled()
    while (condition()) {
      const event = this.#events.peek()
      if (event === undefined || event.at > end) {
        this.#now = Math.max(this.#now, end)
        return
      }
      this.#events.pop()
      if (event.run === undefined) continue
      this.#now = event.at
      this.#happened += 1
      event.run()
      await settled()
      if (this.#happened % EVENTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Resolves when what is due in this turn has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    let rounds = ROUNDS
    const round = (): void => {
      if (rounds-- === 0) resolve()
      else queueMicrotask(() => process.nextTick(round))
    }
    round()
  })
}
