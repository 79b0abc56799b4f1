// AlarmQueue: many things that are due at some time, on one alarm of the clock. What has become pointless meanwhile is
// still handed out when its time comes, and whoever takes it looks away: taking things back would cost more than that.
// What is due together comes together, so that it can be asked for together.

import { MinHeap } from '@streamy-db/core'
import type { Clock } from '../clock.ts'

interface Due<Item> {
  readonly at: number
  /** Items due at the same time come out in the order in which they went in. */
  readonly number: number
  readonly item: Item
}

/** Hands out items once their time has come. */
export class AlarmQueue<Item> {
  readonly #clock: Clock
  readonly #onDue: (items: readonly Item[], now: number) => void
  readonly #due = new MinHeap<Due<Item>>((a, b) => a.at < b.at || (a.at === b.at && a.number < b.number))
  #alarm: { readonly at: number; readonly cancel: () => void } | undefined
  #number = 0

  constructor(clock: Clock, onDue: (items: readonly Item[], now: number) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Hands out `item` when the clock has reached `at`, in microseconds; never within the call. */
  add(at: number, item: Item): void {
    this.#due.push({ at, number: this.#number++, item })
    this.#arm()
  }

  /** Forgets everything. */
  clear(): void {
    while (this.#due.pop() !== undefined);
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  #arm(): void {
    const first = this.#due.peek()
    if (first === undefined || (this.#alarm !== undefined && this.#alarm.at <= first.at)) return
    this.#alarm?.cancel()
    this.#alarm = { at: first.at, cancel: this.#clock.alarm(first.at, () => this.#ring()) }
  }

  #ring(): void {
    this.#alarm = undefined
    const now = this.#clock.now()
    const due: Item[] = []
    for (let top = this.#due.peek(); top !== undefined && top.at <= now; top = this.#due.peek()) {
      this.#due.pop()
      due.push(top.item)
    }
    if (due.length > 0) this.#onDue(due, now)
    this.#arm()
  }
}
