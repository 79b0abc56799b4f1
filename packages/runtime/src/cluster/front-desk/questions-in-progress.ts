// QuestionsInProgress: what a front desk is about to answer. A question that is asked again meanwhile is not answered
// twice, and no more than a bounded number is worked on.

import type { Clock } from '../../clock.ts'
import { AlarmQueue } from '../alarm-queue.ts'
import { frontDeskLimits } from './front-desk-limits.ts'

interface InProgress {
  readonly key: string
}

/** Bounds the work of a front desk. */
export class QuestionsInProgress {
  readonly #clock: Clock
  readonly #byKey = new Map<string, InProgress>()
  readonly #ages: AlarmQueue<InProgress>
  #dropped = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#ages = new AlarmQueue(clock, (old) => old.forEach((question) => this.#end(question)))
  }

  /** How many questions got no answer for want of room, or because answering failed. */
  get dropped(): number {
    return this.#dropped
  }

  /** Does `work`, unless it is being done under this key or too much is. */
  start(key: string, work: () => Promise<void>): void {
    if (this.#byKey.has(key)) return
    if (this.#byKey.size >= frontDeskLimits.questionsInProgressMax) {
      this.#dropped += 1
      return
    }
    const question: InProgress = { key }
    this.#byKey.set(key, question)
    this.#ages.add(this.#clock.now() + frontDeskLimits.questionAgeMaxUs, question)
    void this.#work(question, work)
  }

  /** Does what takes no time. */
  attempt(work: () => void): void {
    try {
      work()
    } catch {
      this.#dropped += 1
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#byKey.clear()
    this.#ages.clear()
  }

  // Whoever asked asks again, of whoever can answer then.
  async #work(question: InProgress, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch {
      this.#dropped += 1
    }
    this.#end(question)
  }

  #end(question: InProgress): void {
    if (this.#byKey.get(question.key) === question) this.#byKey.delete(question.key)
  }
}
