// QuestionsInProgress: what a front desk is about to answer. A question that is asked again meanwhile is not answered
// twice, and no more than a bounded number is worked on.

import type { Clock } from '../../clock.ts'
import { Ending } from '../ending.ts'
import { frontDeskLimits } from './front-desk-limits.ts'

interface InProgress {
  readonly startedAt: number
  readonly ending: Ending
}

/** Bounds the work of a front desk. */
export class QuestionsInProgress {
  readonly #clock: Clock
  /** The oldest first: all have the same patience. */
  readonly #byKey = new Map<string, InProgress>()
  #cancelAlarm: (() => void) | undefined
  #dropped = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many questions got no answer for want of room, or because answering failed. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Does `work`, unless it is being done under this key or too much is. It waits for nothing any more once its ending
   * says so: it has become old, and anybody may ask for what never comes.
   */
  start(key: string, work: (ending: Ending) => Promise<void>): void {
    if (this.#byKey.has(key)) return
    if (this.#byKey.size >= frontDeskLimits.questionsInProgressMax) {
      this.#dropped += 1
      return
    }
    const question: InProgress = { startedAt: this.#clock.now(), ending: new Ending() }
    this.#byKey.set(key, question)
    if (this.#cancelAlarm === undefined) this.#wakeFor(question)
    void this.#work(key, question, work)
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
    this.#cancelAlarm?.()
    this.#cancelAlarm = undefined
    const questions = [...this.#byKey.values()]
    this.#byKey.clear()
    for (const { ending } of questions) ending.abort()
  }

  // Whoever asked asks again, of whoever can answer then.
  async #work(key: string, question: InProgress, work: (ending: Ending) => Promise<void>): Promise<void> {
    try {
      await work(question.ending)
    } catch {
      this.#dropped += 1
    }
    if (this.#byKey.get(key) === question) this.#byKey.delete(key)
  }

  // One alarm for all: most of them have long been answered when it rings.
  #wakeFor({ startedAt }: InProgress): void {
    this.#cancelAlarm = this.#clock.alarm(startedAt + frontDeskLimits.questionAgeMaxUs, () => this.#giveUpOld())
  }

  #giveUpOld(): void {
    this.#cancelAlarm = undefined
    const startedBy = this.#clock.now() - frontDeskLimits.questionAgeMaxUs
    for (const [key, question] of this.#byKey) {
      if (question.startedAt > startedBy) return this.#wakeFor(question)
      this.#byKey.delete(key)
      question.ending.abort()
    }
  }
}
