// Runs operations of one transaction, asserts first and then calls, and says what they came to. It decides nothing
// about locks, sessions or partitions: the protocols hand it a space and commit, or drop, what it gives back.

import { StreamyError } from './errors.ts'
import { Execution, FootprintMiss } from './execution.ts'
import type { ActorSpace, ExecutionOptions, Tell, Write } from './execution.ts'
import type { Aborted, RunOutcome } from './outcome.ts'
import type { Program } from './program.ts'
import { refusal } from './sessions.ts'
import type { ActorRef, Assert, Call, Transaction } from './transaction.ts'

/** Message of TRANSACTION_POISONED, part of the recorded outcome. */
export const poisonedMessage =
  'An operator skipped this transaction because its handler stopped the worker. It had no effect.'

/** What a run came to; `writes` and `tells` are empty unless it committed. */
export interface Run {
  readonly outcome: RunOutcome
  readonly writes: readonly Write[]
  readonly tells: readonly Tell[]
}

const nothing: readonly never[] = []

/** Message of ASSERT_FAILED, part of the recorded outcome. */
export function assertFailedMessage(ref: ActorRef): string {
  return `${ref.id} is not at the version the transaction asserts. Read it again and retry.`
}

/** The outcome of what an operator skipped. */
export const poisonedOutcome: Aborted = refusal('TRANSACTION_POISONED', poisonedMessage)

/** The run of a transaction that an operator skipped. */
export const poisonedRun: Run = {
  outcome: poisonedOutcome,
  writes: nothing,
  tells: nothing,
}

/**
 * Runs the operations of `transaction` that `mine` selects by their actor (all of them without it). Throws what is
 * not an outcome: HANDLER_FATAL and our own bugs.
 */
export function runTransaction(
  program: Program,
  transaction: Transaction,
  options: ExecutionOptions,
  mine?: (ref: ActorRef) => boolean,
): Run {
  const execution = new Execution(program, options)
  const { asserts, calls } = transaction
  let last = 0
  for (let index = 0; index < asserts.length; index++) {
    if (mine !== undefined && !mine(asserts[index]!.ref)) continue
    const failure = runAssert(asserts[index]!, index, options.space)
    if (failure !== undefined) return failure
    last = index
  }
  for (let index = 0; index < calls.length; index++) {
    if (mine !== undefined && !mine(calls[index]!.ref)) continue
    last = asserts.length + index
    const failure = runCall(program, execution, calls[index]!, index, last)
    if (failure !== undefined) return failure
  }
  return finish(program, execution, last)
}

/** The error of a handler as an outcome; rethrows what stops the worker instead, naming the position. */
export function abortWith(execution: Execution, program: Program, operation: number, thrown: unknown): Aborted {
  rethrowFatal(thrown, execution)
  return { kind: 'aborted', operation, error: program.encodeError(thrown) }
}

// An assert's actor is always in the footprint. Only an exclusive run, which fetches as it goes, has yet to get it.
function runAssert({ ref, version }: Assert, operation: number, space: ActorSpace): Run | undefined {
  try {
    return space.load(ref, 'read')?.version === version ? undefined : assertFailed(operation, ref)
  } catch (thrown) {
    if (!(thrown instanceof FootprintMiss)) throw thrown
    return { outcome: { kind: 'missed', operation, ref, mode: 'read' }, writes: nothing, tells: nothing }
  }
}

function assertFailed(operation: number, ref: ActorRef): Run {
  const error = { name: 'StreamyError', code: 'ASSERT_FAILED', message: assertFailedMessage(ref), data: undefined }
  return { outcome: { kind: 'aborted', operation, error }, writes: nothing, tells: nothing }
}

function runCall(
  program: Program,
  execution: Execution,
  call: Call,
  index: number,
  operation: number,
): Run | undefined {
  try {
    execution.runCall(call, index)
  } catch (thrown) {
    if (execution.missed === undefined) return aborted(abortWith(execution, program, operation, thrown))
    rethrowFatal(thrown, execution)
  }
  const { missed, broken } = execution
  if (broken !== undefined) throw broken.cause
  if (missed === undefined) return undefined
  return { outcome: { kind: 'missed', operation, ref: missed.ref, mode: missed.mode }, writes: nothing, tells: nothing }
}

function finish(program: Program, execution: Execution, last: number): Run {
  try {
    const writes = execution.finish()
    return { outcome: { kind: 'committed', results: execution.results }, writes, tells: execution.tells }
  } catch (thrown) {
    return aborted(abortWith(execution, program, last, thrown))
  }
}

function aborted(outcome: Aborted): Run {
  return { outcome, writes: nothing, tells: nothing }
}

function rethrowFatal(thrown: unknown, { position, broken }: Execution): void {
  if (broken !== undefined) throw broken.cause
  if (!(thrown instanceof StreamyError)) return
  if (thrown.code === 'INVARIANT_BROKEN') throw thrown
  if (thrown.code !== 'HANDLER_FATAL') return
  throw new StreamyError(
    'HANDLER_FATAL',
    `${thrown.message} The worker has stopped at position ${position}: fix the handler, or open with skip: [${position}].`,
    { cause: thrown },
  )
}
