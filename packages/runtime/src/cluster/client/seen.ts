// Seen: what a client knows of the log. Its requests carry the log time it had seen, by which home tells old entries
// from new ones (DESIGN §9), so that must not be much older than the request.

import type { LogTime, Position } from '@streamy-db/core'
import { clientLimits } from './client-limits.ts'

/** The furthest that a client has heard of. */
export class Seen {
  #position: Position
  #logTime: LogTime
  #asOf: number

  /** `asOf` is when, by this process's clock, log time was `logTime` at the least. */
  constructor(position: Position, logTime: LogTime, asOf: number) {
    this.#position = position
    this.#logTime = logTime
    this.#asOf = asOf
  }

  get position(): Position {
    return this.#position
  }

  get logTime(): LogTime {
    return this.#logTime
  }

  /**
   * Takes note of an answer. `asOf` is the clock's time before which nothing of what the log time covers was appended:
   * when the request was sent that the answer is to. Undefined when the answer may be of any age.
   */
  note(position: Position, logTime: LogTime, asOf: number | undefined): void {
    this.#position = Math.max(this.#position, position)
    this.#logTime = Math.max(this.#logTime, logTime)
    if (asOf !== undefined) this.#asOf = Math.max(this.#asOf, asOf)
  }

  /** Whether a request may carry the log time. */
  isFresh(now: number): boolean {
    return now - this.#asOf <= clientLimits.seenTimeAgeMaxUs
  }
}
