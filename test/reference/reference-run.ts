// Runs one transaction that counts, against the state as it is: which outcome, which writes, which tells. Says nothing
// about sessions and applies nothing. Where the engine has protocols and messages, this has a loop.

import {
  Execution,
  FootprintMiss,
  StreamyError,
  homeOf,
  partitionOf,
  type AccessMode,
  type ActorRecord,
  type ActorRef,
  type ActorSpace,
  type Assert,
  type Call,
  type Datum,
  type ExecutionOptions,
  type LogTime,
  type PartitionId,
  type Position,
  type Program,
  type Tell,
  type Transaction,
  type Write,
} from '@streamy-db/core'
import { assertFailedMessage, footprintOf, protocolOf, type RunOutcome } from '@streamy-db/core/testing'

/** What a run is given besides the transaction. */
export interface RunContext {
  readonly program: Program
  readonly partitions: number
  readonly position: Position
  readonly logTime: LogTime
  /** Seeds the randomness of the handlers. */
  readonly seed: string
  /** The record of an actor as of before the transaction. */
  readonly read: (ref: ActorRef) => ActorRecord | undefined
}

/** What a run came to. Nothing is written and nothing sent unless it committed. */
export interface RunResult {
  readonly outcome: RunOutcome
  readonly writes: readonly Write[]
  readonly tells: readonly SentTell[]
}

/** A tell and the partition whose outbox it goes to. */
export interface SentTell {
  readonly from: PartitionId
  readonly tell: Tell
}

/** Actors as of before the transaction, as far as `allows` lets the handlers see them. */
export class ReferenceSpace implements ActorSpace {
  readonly #allows: (ref: ActorRef, mode: AccessMode) => boolean
  readonly #read: (ref: ActorRef) => ActorRecord | undefined

  constructor(read: (ref: ActorRef) => ActorRecord | undefined, allows: (ref: ActorRef, mode: AccessMode) => boolean) {
    this.#read = read
    this.#allows = allows
  }

  load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined {
    if (!this.#allows(ref, mode)) throw new FootprintMiss(ref, mode)
    return this.#read(ref)
  }
}

type Operation =
  | { readonly index: number; readonly assertion: Assert; readonly call?: never }
  | { readonly index: number; readonly assertion?: never; readonly call: Call; readonly callIndex: number }

// One sequence of operations run in one execution: all of a transaction's, or one partition's share of them.
interface Share {
  readonly from: PartitionId
  readonly failure: Exclude<RunOutcome, { kind: 'committed' }> | undefined
  readonly results: readonly (readonly [callIndex: number, result: Datum])[]
  readonly writes: readonly Write[]
  readonly tells: readonly Tell[]
}

const nothingSent = { writes: [], tells: [] } as const

/** Runs a transaction by the rules of its protocol. */
export function runTransaction(transaction: Transaction, context: RunContext): RunResult {
  const shares =
    protocolOf(transaction, context.partitions) === 'votes'
      ? sharesByPartition(transaction, context)
      : [runAtHome(transaction, context)]
  const failures = shares.flatMap(({ failure }) => failure ?? [])
  const first = failures.toSorted((a, b) => a.operation - b.operation)[0]
  if (first !== undefined) return { outcome: first, ...nothingSent }
  const results = shares.flatMap((share) => share.results).toSorted(([a], [b]) => a - b)
  return {
    outcome: { kind: 'committed', results: results.map(([, result]) => result) },
    writes: shares.flatMap((share) => share.writes),
    tells: shares.flatMap(({ from, tells }) => tells.map((tell) => ({ from, tell }))),
  }
}

/** Whether an error must stop the worker instead of becoming an outcome. */
export function isFatal(error: unknown): boolean {
  return error instanceof StreamyError && (error.code === 'HANDLER_FATAL' || error.code === 'INVARIANT_BROKEN')
}

function runAtHome(transaction: Transaction, context: RunContext): Share {
  const protocol = protocolOf(transaction, context.partitions)
  const modes = new Map(footprintOf(transaction).map(({ ref, mode }) => [ref.id, mode]))
  const declared = (ref: ActorRef, mode: AccessMode): boolean =>
    modes.get(ref.id) === 'write' || (modes.get(ref.id) === 'read' && mode === 'read')
  const space = new ReferenceSpace(context.read, protocol === 'home' ? declared : () => true)
  const home = homeOf(transaction, context.partitions)
  return runShare(home, operationsOf(transaction), { space, confined: false }, context)
}

// Each call sees its own actor only, also where the transaction calls others.
function sharesByPartition(transaction: Transaction, context: RunContext): Share[] {
  const operations = operationsOf(transaction)
  const placeOf = ({ call, assertion }: Operation): PartitionId =>
    partitionOf((call ?? assertion).ref, context.partitions)
  const places = [...new Set(operations.map(placeOf))].toSorted((a, b) => a - b)
  return places.map((place) => {
    const own = operations.filter((operation) => placeOf(operation) === place)
    return runShare(place, own, { space: new ReferenceSpace(context.read, () => true), confined: true }, context)
  })
}

function operationsOf({ asserts, calls }: Transaction): Operation[] {
  return [
    ...asserts.map((assertion, index) => ({ index, assertion })),
    ...calls.map((call, callIndex) => ({ index: asserts.length + callIndex, call, callIndex })),
  ]
}

function runShare(
  from: PartitionId,
  operations: readonly Operation[],
  reach: Pick<ExecutionOptions, 'space' | 'confined'>,
  context: RunContext,
): Share {
  const { program, position, logTime, seed } = context
  const execution = new Execution(program, { position, logTime, seed, ...reach })
  const results: [number, Datum][] = []
  const fail = (failure: Share['failure']): Share => ({ from, failure, results: [], ...nothingSent })
  for (const operation of operations) {
    const failure = runOperation(operation, execution, results, context)
    if (failure !== undefined) return fail(failure)
  }
  const finished = attempt(program, () => execution.finish())
  if ('thrown' in finished) return fail(aborted(program, operations.at(-1)!.index, finished.thrown))
  return { from, failure: undefined, results, writes: finished.value, tells: execution.tells }
}

function runOperation(
  operation: Operation,
  execution: Execution,
  results: [number, Datum][],
  { program, read }: RunContext,
): Share['failure'] {
  const { index } = operation
  if (operation.call === undefined) {
    const { ref, version } = operation.assertion
    if (read(ref)?.version === version) return undefined
    const error = { name: 'StreamyError', code: 'ASSERT_FAILED', message: assertFailedMessage(ref), data: undefined }
    return { kind: 'aborted', operation: index, error }
  }
  const { call, callIndex } = operation
  const ran = attempt(program, () => execution.runCall(call, callIndex))
  const { missed } = execution
  if (missed !== undefined) return { kind: 'missed', operation: index, ref: missed.ref, mode: missed.mode }
  if ('thrown' in ran) return aborted(program, index, ran.thrown)
  results.push([callIndex, ran.value])
  return undefined
}

function aborted(program: Program, operation: number, thrown: unknown): Share['failure'] {
  return { kind: 'aborted', operation, error: program.encodeError(thrown) }
}

/** Runs a part of the program; what it throws is a result too, except what must stop the worker. */
export function attempt<Value>(
  program: Program,
  body: () => Value,
): { readonly value: Value } | { readonly thrown: unknown } {
  try {
    return { value: program.isolate(body) }
  } catch (thrown) {
    if (isFatal(thrown)) throw thrown
    return { thrown }
  }
}
