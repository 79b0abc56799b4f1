// QuestionsInProgress: what a front desk is about to answer. A question that is asked again meanwhile is not answered
// twice, and no more than a bounded number is worked on.

import type { Clock } from '../../clock.ts'
import { AlarmQueue } from '../alarm-queue.ts'
import { frontDeskLimits } from './front-desk-limits.ts'

interface InProgress {
  readonly key: string
  readonly ending: AbortController
}

/** Bounds the work of a front desk. */
export class QuestionsInProgress {
  readonly #clock: Clock
  readonly #byKey = new Map<string, InProgress>()
  readonly #ages: AlarmQueue<InProgress>
  #dropped = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#ages = new AlarmQueue(clock, (old) => old.forEach((question) => this.#giveUp(question)))
  }

  /** How many questions got no answer for want of room, or because answering failed. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Does `work`, unless it is being done under this key or too much is. It waits for nothing any more once its signal
   * says so: it has become old, and anybody may ask for what never comes.
   */
  start(key: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#byKey.has(key)) return
    if (this.#byKey.size >= frontDeskLimits.questionsInProgressMax) {
      this.#dropped += 1
      return
    }
    const question: InProgress = { key, ending: new AbortController() }
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
    for (const question of this.#byKey.values()) question.ending.abort()
    this.#byKey.clear()
    this.#ages.clear()
  }

  // Whoever asked asks again, of whoever can answer then.
  async #work(question: InProgress, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(question.ending.signal)
    } catch {
      this.#dropped += 1
    }
    this.#end(question)
  }

  #giveUp(question: InProgress): void {
    this.#end(question)
    question.ending.abort()
  }

  #end(question: InProgress): void {
    if (this.#byKey.get(question.key) === question) this.#byKey.delete(question.key)
  }
}
