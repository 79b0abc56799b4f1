// Predicts what a transaction will touch, by running it against whatever is committed here now and dropping the
// result. A prediction only ever goes into a later entry (F3, F5): a wrong one costs another attempt, never the
// outcome.

import type { ActorRecord } from './actor-record.ts'
import type { ActorSpace, ExecutionOptions } from './execution.ts'
import { limits } from './limits.ts'
import type { Program } from './program.ts'
import { runTransaction } from './run-transaction.ts'
import type { ActorRef, Touch, Transaction } from './transaction.ts'

/** The touches of `transaction` and whatever else its handlers would use if `record` told them the truth. */
export function predictTouches(
  program: Program,
  transaction: Transaction,
  run: (space: ActorSpace) => ExecutionOptions,
  record: (ref: ActorRef) => ActorRecord | undefined,
): readonly Touch[] {
  const touches = new Map<string, Touch>(transaction.touches.map((touch) => [touch.ref.id, touch]))
  const called = new Set(transaction.calls.map((call) => call.ref.id))
  const load: ActorSpace['load'] = (ref, mode) => {
    if (!called.has(ref.id) && touches.get(ref.id)?.mode !== 'write') touches.set(ref.id, { ref, mode })
    return record(ref)
  }
  try {
    runTransaction(program, { ...transaction, asserts: [] }, run({ load }))
  } catch {
    // What stops a worker at a position is not for a prediction to say.
    return transaction.touches
  }
  return touches.size > limits.touchesPerTransactionMax ? transaction.touches : [...touches.values()]
}
