// The program port: the user's code as the core sees it. `packages/actors` implements it over decorated classes.
// Everything here is synchronous and, inside `isolate`, deterministic.

import type { ActorValue } from './actor-record.ts'
import type { Datum } from './datum.ts'
import type { ErrorData } from './error-data.ts'
import type { Execution, Slot } from './execution.ts'
import type { ActorRef, Call, Touch } from './transaction.ts'

/** The code that transactions run. */
export interface Program {
  /** Equal for equal code; a worker of another fingerprint is refused. */
  readonly fingerprint: string

  /**
   * Runs a message on the actor in `slot`, which has write access, and returns its result. Throws what the handler
   * threw, ACTOR_UNKNOWN, MESSAGE_UNKNOWN, or ARGUMENTS_INVALID; inside, other actors are reached through
   * `execution.enter`.
   */
  runMessage(call: Call, slot: Slot, execution: Execution): Datum

  /** Runs a query on the actor in `slot`; a write throws QUERY_WRITES. Else like `runMessage`. */
  runQuery(call: Call, slot: Slot, execution: Execution): Datum

  /**
   * The actor's fields after the handlers that ran on `slot`: the very `slot.record.value` when none changed. Throws
   * VALUE_NOT_ENCODABLE, VALUE_TOO_LARGE or STATE_FIELD_UNDECLARED, which abort the transaction.
   */
  settle(slot: Slot): ActorValue

  /** The other actors a call declares, from its arguments alone; the caller's own is never among them. */
  touches(call: Call): readonly Touch[]

  /** Puts what a handler threw into stored form. Never throws. */
  encodeError(thrown: unknown): ErrorData

  encodeValue(ref: ActorRef, value: ActorValue): Uint8Array
  decodeValue(ref: ActorRef, bytes: Uint8Array): ActorValue

  /**
   * Runs `body`, which executes handlers, behind the determinism guard: clocks and randomness answer from the
   * execution in progress; timers, I/O and promises are refused.
   */
  isolate<Result>(body: () => Result): Result
}
