// Questions: what one process has asked over the bus and has no answer to yet. Messages may get lost and owners may
// change, so each question is sent again, with growing patience, until it is answered or its deadline has passed.
//
// Q1 A question is answered once; later answers, and answers to what nobody asks any more, are ignored.
// Q2 A question that is not answered ends at its deadline.

import type { MessageBus } from '@streamy-db/core'
import type { Clock } from '../clock.ts'
import { AlarmQueue } from './alarm-queue.ts'
import { nextWait, type Patience } from './patience.ts'

/** What to ask, where, and for how long. */
export interface Asking {
  readonly address: string
  /** The bytes of the question of number `id`. */
  readonly encode: (id: number) => Uint8Array
  /** Up to when, in microseconds of the clock. */
  readonly deadline: number
  /** What the question ends with at its deadline. */
  readonly onDeadline: () => Error
}

/** What questions are asked with. */
export interface QuestionsOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly patience: Patience
}

interface Open<Answer> {
  readonly id: number
  readonly asking: Asking
  readonly bytes: Uint8Array
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  waitedUs: number | undefined
}

/** Questions without an answer yet; see Q1 and Q2. */
export class Questions<Answer> {
  readonly #options: QuestionsOptions
  readonly #open = new Map<number, Open<Answer>>()
  readonly #alarms: AlarmQueue<Open<Answer>>
  #lastId = 0

  constructor(options: QuestionsOptions) {
    this.#options = options
    this.#alarms = new AlarmQueue(options.clock, (due, now) => {
      for (const open of due) this.#due(open, now)
    })
  }

  /** How many questions have no answer yet. */
  get count(): number {
    return this.#open.size
  }

  /** Asks until somebody answers. */
  ask(asking: Asking): Promise<Answer> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const open: Open<Answer> = { id, asking, bytes: asking.encode(id), resolve, reject, waitedUs: undefined }
      this.#open.set(id, open)
      this.#send(open, this.#options.clock.now())
    })
  }

  /** Takes the answer to question `id`; false when it is not open (Q1). */
  answer(id: number, answer: Answer): boolean {
    const open = this.#open.get(id)
    if (open === undefined) return false
    this.#open.delete(id)
    open.resolve(answer)
    return true
  }

  /** Sends at once, again, what is asked at these addresses: somebody new listens there. */
  askAgain(addresses: ReadonlySet<string>): void {
    for (const { asking, bytes } of this.#open.values())
      if (addresses.has(asking.address)) this.#options.bus.send(asking.address, bytes)
  }

  /** Ends everything that is asked with `error`. */
  fail(error: Error): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    this.#alarms.clear()
    for (const { reject } of open) reject(error)
  }

  #send(open: Open<Answer>, now: number): void {
    this.#options.bus.send(open.asking.address, open.bytes)
    open.waitedUs = nextWait(this.#options.patience, open.waitedUs)
    this.#alarms.add(Math.min(now + open.waitedUs, open.asking.deadline), open)
  }

  #due(open: Open<Answer>, now: number): void {
    if (this.#open.get(open.id) !== open) return
    if (now < open.asking.deadline) return this.#send(open, now)
    this.#open.delete(open.id)
    open.reject(open.asking.onDeadline())
  }
}
