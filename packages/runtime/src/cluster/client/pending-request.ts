// PendingRequest: one request that somebody waits for, from its submission to the reply, its deadline, or the log's
// refusal, whichever is first; what comes later is ignored.

import { StreamyError, type Outcome, type PartitionId, type Position } from '@streamy-db/core'
import { appendFailed } from './client-errors.ts'
import type { Draft } from './draft.ts'
import type { Submitted } from './request-submitter.ts'

/** What a request came to. */
export interface Answered {
  readonly outcome: Outcome
  readonly position: Position
}

/** What is fixed when a request is submitted. */
export interface RequestFacts {
  readonly session: string
  readonly sequence: number
  readonly home: PartitionId
  readonly draft: Draft
  /** When it was submitted and when its caller stops waiting, by the clock. */
  readonly submittedAt: number
  readonly deadline: number
}

/** Who waits for a request. */
export interface RequestWaiter {
  resolve(answered: Answered): void
  reject(error: Error): void
}

// Of these the log promises that nothing was appended.
const certainRefusals: ReadonlySet<string> = new Set(['OVERLOADED', 'BATCH_TOO_LARGE'])

/** A request without an answer. */
export class PendingRequest implements Submitted {
  readonly facts: RequestFacts
  /** How long it waited before it was last asked for; undefined while it was not. */
  waitedUs: number | undefined = undefined
  readonly #waiter: RequestWaiter
  readonly #onEnd: () => void
  #ended = false

  /** `onEnd` is called once, when nobody waits any more. */
  constructor(facts: RequestFacts, waiter: RequestWaiter, onEnd: () => void) {
    this.facts = facts
    this.#waiter = waiter
    this.#onEnd = onEnd
  }

  /** `session/sequence`. */
  get id(): string {
    return `${this.facts.session}/${this.facts.sequence}`
  }

  get ended(): boolean {
    return this.#ended
  }

  settle(answered: Answered): void {
    if (this.#end()) this.#waiter.resolve(answered)
  }

  fail(error: Error): void {
    if (this.#end()) this.#waiter.reject(error)
  }

  refused(cause: unknown): void {
    const certain = cause instanceof StreamyError && certainRefusals.has(cause.code)
    this.fail(certain ? cause : appendFailed(this.id, this.facts.draft.calls, cause))
  }

  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#onEnd()
    return true
  }
}
