// AlarmQueue: many things that are due at some time, on one alarm of the clock. What has become pointless meanwhile is
// still handed out when its time comes, and whoever takes it looks away: taking things back would cost more than that, so
// what is put in should be small and keep nothing alive. What is due together comes together, so that it can be asked for
// together, and shares one place in the queue: a busy client puts in tens of thousands a second, each of which stays until its
// time, and a place of its own for each would be most of what the garbage collector copies.

import { MinHeap } from '@streamy-db/core'
import type { Clock } from '../clock.ts'

/** Things due within so much of each other come together, with the last of them. Timers of Node are no finer. */
const GRAIN_US = 1000

/** Hands out items once their time has come. */
export class AlarmQueue<Item> {
  readonly #clock: Clock
  readonly #onDue: (items: readonly Item[], now: number) => void
  /** The times at which something is due, each once. */
  readonly #times = new MinHeap<number>((a, b) => a < b)
  /** Items due at the same time come out in the order in which they went in. */
  readonly #due = new Map<number, Item[]>()
  #alarm: { readonly at: number; readonly cancel: () => void } | undefined

  constructor(clock: Clock, onDue: (items: readonly Item[], now: number) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Hands out `item` within a millisecond after the clock has reached `time`, in microseconds; never within the call. */
  add(time: number, item: Item): void {
    const at = Math.ceil(time / GRAIN_US) * GRAIN_US
    const together = this.#due.get(at)
    if (together !== undefined) {
      together.push(item)
      return
    }
    this.#due.set(at, [item])
    this.#times.push(at)
    this.#arm()
  }

  /** Forgets everything. */
  clear(): void {
    while (this.#times.pop() !== undefined);
    this.#due.clear()
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  #arm(): void {
    const first = this.#times.peek()
    if (first === undefined || (this.#alarm !== undefined && this.#alarm.at <= first)) return
    this.#alarm?.cancel()
    this.#alarm = { at: first, cancel: this.#clock.alarm(first, () => this.#ring()) }
  }

  #ring(): void {
    this.#alarm = undefined
    const now = this.#clock.now()
    const due: Item[] = []
    for (let first = this.#times.peek(); first !== undefined && first <= now; first = this.#times.peek()) {
      this.#times.pop()
      const together = this.#due.get(first)!
      for (const item of together) due.push(item)
      this.#due.delete(first)
      // The map may keep the list for the garbage collector to find, long after it was taken out.
      together.length = 0
    }
    if (due.length > 0) this.#onDue(due, now)
    this.#arm()
  }
}
