// Outcomes: what a transaction came to, as its caller learns it and as its session records it.

import type { Datum } from './datum.ts'
import type { ErrorData } from './error-data.ts'
import type { Position } from './position.ts'
import type { ActorRef, AccessMode, Request } from './transaction.ts'

/** All calls ran; one result a call. */
export interface Committed {
  readonly kind: 'committed'
  readonly results: readonly Datum[]
}

/** Nothing was written: the assert or call number `operation` (asserts first) failed with `error`. */
export interface Aborted {
  readonly kind: 'aborted'
  readonly operation: number
  readonly error: ErrorData
}

/** What the caller of a transaction sees. */
export type Outcome = Committed | Aborted

/** What one run came to: an outcome, or a footprint miss that wants another attempt. */
export type RunOutcome = Outcome | Missed

/** An outcome that is none of a commit. */
export type Failure = Exclude<RunOutcome, Committed>

/** Of the outcomes of one transaction's parts, that of the lowest operation that failed; undefined when none did. */
export function lowestFailure(outcomes: Iterable<RunOutcome>): Failure | undefined {
  let lowest: Failure | undefined
  for (const outcome of outcomes)
    if (outcome.kind !== 'committed' && (lowest === undefined || outcome.operation < lowest.operation)) lowest = outcome
  return lowest
}

/** Operation number `operation` reached an actor outside the footprint. */
export interface Missed {
  readonly kind: 'missed'
  readonly operation: number
  readonly ref: ActorRef
  readonly mode: AccessMode
}

/** An outcome with the position of the entry that came to it. */
export interface RecordedOutcome {
  readonly outcome: Outcome
  readonly position: Position
}

/** Answers the entry at `position`; for a repeated request, with the outcome of the entry that counted. */
export interface Reply {
  readonly position: Position
  /** Of the entry that counted: `position` itself, or where this one repeats a request, an earlier one. */
  readonly counted: Position
  /** Of the entry that is answered: above 1 when earlier ones missed an actor (F3). */
  readonly attempt: number
  readonly request: Request | undefined
  readonly outcome: Outcome
}
