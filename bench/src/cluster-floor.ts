// The floor of a cluster: the least that a call through a durable log on NATS and back can cost. Whatever calls have
// gathered are packed with msgpackr and published as one message, two unacknowledged at a time; `floor-worker.ts`, in a
// process of its own, reads how many there are and answers once for all of them. Nothing is executed, and nothing asks
// again: a message that is lost hangs the benchmark.

import { Packr, unpack } from 'msgpackr'
import { createInbox, type NatsConnection } from 'nats'
import type { BareCall } from './call-plan.ts'

/** Publishes that are not acknowledged; as many as a client of a cluster has. */
const PUBLISHES_IN_FLIGHT = 2

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Sends calls through a stream and waits for the worker behind it. */
export class ClusterFloor {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #acknowledgements = createInbox()
  readonly #packr = new Packr({ useRecords: false })
  #calls: BareCall[] = []
  #waiters: Waiter[] = []
  /** Published and not answered. One publisher's messages land, and are answered, in the order in which they were sent. */
  readonly #published: (readonly Waiter[])[] = []
  #unacknowledged = 0
  #scheduled = false
  #failure: Error | undefined

  /** Publishes to `subject`; the worker answers to `answers`. */
  constructor(connection: NatsConnection, subject: string, answers: string) {
    this.#connection = connection
    this.#subject = subject
    connection.subscribe(this.#acknowledgements, {
      callback: (_, { data }) => this.#acknowledged(Buffer.from(data).toString()),
    })
    connection.subscribe(answers, { callback: (_, { data }) => this.#answered(unpack(data)) })
  }

  /** Resolves when the worker has answered for the batch that the call is in. */
  call(call: BareCall): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure
      this.#calls.push(call)
      this.#waiters.push({ resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#unacknowledged >= PUBLISHES_IN_FLIGHT) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#publish()
    })
  }

  #publish(): void {
    if (this.#calls.length === 0) return
    const bytes = this.#packr.pack(this.#calls)
    this.#published.push(this.#waiters)
    this.#calls = []
    this.#waiters = []
    this.#unacknowledged += 1
    this.#connection.publish(this.#subject, bytes, { reply: this.#acknowledgements })
  }

  #acknowledged(text: string): void {
    this.#unacknowledged -= 1
    if (text.includes('"error"')) this.#fail(new Error(`The floor's stream does not take a message: ${text}`))
    this.#schedule()
  }

  #answered(count: unknown): void {
    const waiters = this.#published.shift() ?? []
    if (count !== waiters.length)
      return this.#fail(new Error(`The floor's worker counted ${String(count)} of ${waiters.length} calls.`))
    for (const { resolve } of waiters) resolve()
  }

  #fail(error: Error): void {
    this.#failure = error
    for (const { reject } of [...this.#published.flat(), ...this.#waiters]) reject(error)
  }
}
