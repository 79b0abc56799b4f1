// PendingRequest: one request that somebody waits for, from its submission to the reply, its deadline, or the log's
// refusal. It is made for every call, so it holds no more than what may still be asked; the desk that holds it ends it.

import type { Call, Outcome, Position } from '@streamy-db/core'

/** What a request came to. */
export interface Answered {
  readonly outcome: Outcome
  readonly position: Position
}

/** Who waits for a request; told once. */
export interface RequestWaiter {
  answered(outcome: Outcome, position: Position): void
  failed(error: Error): void
}

/** A request without an answer. */
export class PendingRequest {
  readonly session: string
  readonly sequence: number
  readonly calls: readonly Call[]
  /** When it was submitted and when its caller stops waiting, by the clock. */
  readonly submittedAt: number
  readonly deadline: number
  readonly waiter: RequestWaiter
  /** How long it waited before it was last asked for; undefined while it was not. */
  waitedUs: number | undefined = undefined

  constructor(request: Omit<PendingRequest, 'waitedUs' | 'id'>) {
    this.session = request.session
    this.sequence = request.sequence
    this.calls = request.calls
    this.submittedAt = request.submittedAt
    this.deadline = request.deadline
    this.waiter = request.waiter
  }

  /** `session/sequence`. */
  get id(): string {
    return `${this.session}/${this.sequence}`
  }
}

/** All who joined one request. */
export class JoinedWaiters implements RequestWaiter {
  readonly #waiters: RequestWaiter[] = []

  get count(): number {
    return this.#waiters.length
  }

  join(waiter: RequestWaiter): void {
    this.#waiters.push(waiter)
  }

  answered(outcome: Outcome, position: Position): void {
    for (const waiter of this.#waiters) waiter.answered(outcome, position)
  }

  failed(error: Error): void {
    for (const waiter of this.#waiters) waiter.failed(error)
  }
}
