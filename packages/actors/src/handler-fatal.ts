// A handler that overflows the stack is no outcome: how deep the stack is depends on the machine, so the worker must
// stop instead of recording what happened (DESIGN §4). Not even a handler that catches the error may go on.

import { type Call, type Execution, StreamyError } from '@streamy-db/core'

let latest: { readonly execution: Execution; readonly error: StreamyError } | undefined

/** The error to throw for what the handler of `call` threw: HANDLER_FATAL for a stack overflow. */
export function asFatal(thrown: unknown, call: Call, execution: Execution): unknown {
  if (!isStackOverflow(thrown)) return thrown
  const error = new StreamyError(
    'HANDLER_FATAL',
    `${call.ref.type}.${call.message} of ${call.ref.id} overflowed the stack at position ${execution.position}. ` +
      'Bound its recursion, or skip the position.',
    { cause: thrown },
  )
  latest = { execution, error }
  return error
}

/** Throws again what a handler of this execution overflowed with and another caught. */
export function failIfFatal(execution: Execution): void {
  if (latest !== undefined && latest.execution === execution) throw latest.error
}

function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message === 'Maximum call stack size exceeded'
}
