// What a tell becomes in the log: a transaction of its own, whose session is the outbox of the partition that sent it.
// Its size is checked while its sender can still be aborted.

import type { PartitionId, Position } from './position.ts'
import type { Program } from './program.ts'
import { assertSubmittable, transactionBytes } from './transaction-codec.ts'
import type { Call, Touch, Transaction } from './transaction.ts'

/** The transaction that carries a tell of the execution at `position` in partition `source`. */
export function tellTransaction(
  program: Program,
  source: PartitionId,
  position: Position,
  suffix: string,
  call: Call,
): Transaction {
  return {
    request: { session: `~${source}`, sequence: position, suffix, answeredBelow: 0, seenTime: 0 },
    attempt: 1,
    source,
    asserts: [],
    calls: [call],
    touches: touchesOrNone(program, call),
  }
}

// A `touches` that throws declares nothing: the call's own run says what is wrong with it.
function touchesOrNone(program: Program, call: Call): readonly Touch[] {
  try {
    return program.touches(call)
  } catch {
    return []
  }
}

/** Throws VALUE_TOO_LARGE for a call that could not be sent as a tell, or run by a timer that becomes one. */
export function assertTellable(program: Program, call: Call): void {
  const transaction = tellTransaction(program, 0, 0, call.ref.id, call)
  assertSubmittable(transactionBytes(transaction), `The tell or timer ${call.message} for ${call.ref.type}`)
}
