// ManualClock: a clock that stands still until it is told to go on, for tests of whatever depends on time. It moves by a
// microsecond at each look: log time would run ahead of one that stood quite still, since no two batches share a time.

import type { Clock } from './clock.ts'

interface Alarm {
  readonly at: number
  readonly wake: () => void
}

/**
 * A {@link Clock} for tests: give it to `open`, and time passes when `advance` says so. What was set to happen in a
 * minute is due after a minute was advanced.
 *
 * ```ts
 * const clock = new ManualClock()
 * const db = await open(':memory:', { actors: [Seat], clock })
 * await db.actor(Seat, '12A').hold('Ada', 60_000)
 * clock.advance(60_000)
 * ```
 */
export class ManualClock implements Clock {
  #now: number
  #alarms: readonly Alarm[] = []

  /** `start` is in milliseconds since 1970. */
  constructor(start = 0) {
    this.#now = start * 1000
  }

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.length
  }

  now(): number {
    return this.#now++
  }

  alarm(at: number, wake: () => void): () => void {
    const alarm: Alarm = { at, wake }
    this.#alarms = [...this.#alarms, alarm]
    // Never within the call, even when it is due already.
    if (at <= this.#now) queueMicrotask(() => this.#ring())
    return () => void (this.#alarms = this.#alarms.filter((other) => other !== alarm))
  }

  /** Lets time pass, and wakes who waits for it. */
  advance(milliseconds: number): void {
    this.#now += milliseconds * 1000
    this.#ring()
  }

  #ring(): void {
    const due = this.#alarms.filter(({ at }) => at <= this.#now)
    this.#alarms = this.#alarms.filter(({ at }) => at > this.#now)
    for (const { wake } of due) wake()
  }
}
