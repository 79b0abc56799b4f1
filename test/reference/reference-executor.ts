// ReferenceExecutor: a loop over the log that computes what every entry means, one transaction after the other, on
// plain maps. It shares formats, footprints and the workspace of a handler with the engine, and no line of its
// scheduling: no queues, no messages, no caches, no incremental anything. Whatever the engine does with any number of
// workers must come to what this comes to (DESIGN §2). Made to be read, not to be fast.

import {
  Execution,
  MalformedBytes,
  homeOf,
  indexedPartitions,
  type BatchTransaction,
  openBatch,
  transactionIn,
  transactionsOf,
  partitionOf,
  positionOf,
  type ActorRef,
  type Batch,
  type Call,
  type Datum,
  type LogEntry,
  type LogTime,
  type Outcome,
  type PartitionId,
  type Position,
  type Program,
  type Reply,
  type Request,
  type Transaction,
} from '@streamy-db/core'
import { poisonedMessage, requestKey } from '@streamy-db/core/testing'
import { sendTell, touchesOf } from './reference-outbox.ts'
import { ReferenceSpace, runTransaction, type RunResult } from './reference-run.ts'
import { expireSessions, isPartitionSession, judge, remember } from './reference-sessions.ts'
import { outboxKey, ReferenceState, sorted } from './reference-state.ts'
import { nextDueOf, runTimers } from './reference-timers.ts'

/** What a database is besides its log. */
export interface ReferenceOptions {
  readonly program: Program
  readonly partitions: number
  readonly seed: string
  /** Positions that an operator poisoned. */
  readonly skip?: ReadonlySet<Position>
  /** Whether states are hashed after each entry. True unless stated. */
  readonly hashes?: boolean
}

/** What one entry of the log came to. */
export interface BatchResult {
  readonly logTime: LogTime
  /** One hash a partition, as of the end of the batch, unless they are not wanted. */
  readonly hashes: readonly string[]
  /** In the order of their positions. */
  readonly replies: readonly Reply[]
  /** Requests, as `<home>:<requestKey>`, that counted here and came to their outcome. */
  readonly finished: readonly string[]
}

/** Executes a log, entry by entry. */
export class ReferenceExecutor {
  readonly #options: ReferenceOptions
  readonly #states: readonly ReferenceState[]
  #logTime: LogTime = 0
  #replies: Reply[] = []
  #finished: string[] = []

  constructor(options: ReferenceOptions) {
    this.#options = options
    this.#states = Array.from({ length: options.partitions }, (_, partition) => new ReferenceState(partition))
  }

  /** Executes the next entry. */
  execute(entry: LogEntry): BatchResult {
    this.#replies = []
    this.#finished = []
    this.#logTime = Math.max(entry.appendTime, this.#logTime + 1)
    this.#startBatch(positionOf(entry.sequence, 0))
    const batch = openBatch(entry.bytes, { restricted: entry.restrictedTo !== undefined })
    if (batch.kind === 'transactions') this.#runBatch(entry, batch)
    const { hashes = true } = this.#options
    return {
      logTime: this.#logTime,
      hashes: (hashes ? this.#states : []).map((state) => state.hash(this.#options.program, this.#logTime)),
      replies: this.#replies,
      finished: this.#finished,
    }
  }

  /** What somebody still has to append: the next attempts of what missed, and the tells not yet in the log. */
  pending(): readonly Transaction[] {
    return this.#states.flatMap((state) => [
      ...sorted(state.requests).flatMap(([, { record }]) => (record.kind === 'retry' ? record.next : [])),
      ...sorted(state.outbox).map(([, { next }]) => next),
    ])
  }

  /** The state of a partition as it would be stored after what was executed so far. */
  entriesOf(partition: PartitionId): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#states[partition]!.entries(this.#options.program))
  }

  /** When the next timer of a partition is due; undefined when it has none. */
  nextDueOf(partition: PartitionId): LogTime | undefined {
    return nextDueOf(this.#states[partition]!)
  }

  /** The version of an actor after what was executed so far. */
  versionOf(ref: ActorRef): Position | undefined {
    return this.#stateOf(ref).actors.get(ref.id)?.record.version
  }

  /** What is remembered of a request, once it came to its outcome. */
  outcomeOf(home: PartitionId, request: Request): Outcome | undefined {
    const record = this.#states[home]!.requests.get(requestKey(request))?.record
    return record?.kind === 'done' ? record.outcome : undefined
  }

  /** Answers a query over all actors after what was executed so far. */
  query(call: Call): Datum {
    const space = new ReferenceSpace(
      (ref) => this.#stateOf(ref).actors.get(ref.id)?.record,
      () => true,
    )
    const options = { position: 0, logTime: this.#logTime, seed: '', space, readOnly: true }
    return new Execution(this.#options.program, options).runQuery(call)
  }

  #startBatch(position: Position): void {
    const { program, partitions, seed, skip } = this.#options
    const skipped = skip?.has(position) ?? false
    for (const state of this.#states) {
      expireSessions(state, this.#logTime)
      runTimers(state, { program, partitions, seed, position, logTime: this.#logTime, skipped })
    }
  }

  #runBatch(entry: LogEntry, batch: Batch): void {
    for (const found of transactionsOf(batch)) {
      const transaction = readTransaction(batch, found, this.#options.partitions, entry.restrictedTo)
      if (transaction !== undefined) this.#runEntry(transaction, positionOf(entry.sequence, found.index + 1))
    }
  }

  #runEntry(transaction: Transaction, position: Position): void {
    const { request, source } = transaction
    if (source !== undefined && request !== undefined)
      this.#states[source]?.outbox.delete(outboxKey(request.sequence, request.suffix))
    const home = homeOf(transaction, this.#options.partitions)
    const state = this.#states[home]!
    const verdict =
      request === undefined
        ? ({ kind: 'counts' } as const)
        : judge(state, transaction, request, position, this.#logTime)
    if (verdict.kind === 'ignored') return
    if (verdict.kind === 'answered') return this.#reply(transaction, position, verdict.outcome, verdict.position)
    const { outcome } = this.#run(transaction, position)
    if (request !== undefined) remember(state, transaction, request, { outcome, position })
    if (outcome.kind === 'missed') return
    if (request !== undefined) this.#finished.push(`${home}:${requestKey(request)}`)
    this.#reply(transaction, position, outcome)
  }

  // Runs what counts, and applies it when it commits.
  #run(transaction: Transaction, position: Position): RunResult {
    const { program, partitions, seed, skip } = this.#options
    if (skip?.has(position)) return { outcome: poisoned, writes: [], tells: [] }
    const { request } = transaction
    const result = runTransaction(transaction, {
      program,
      partitions,
      position,
      logTime: this.#logTime,
      seed: request === undefined ? `${seed}/@${position}` : `${seed}/${requestKey(request)}`,
      read: (ref) => this.#stateOf(ref).actors.get(ref.id)?.record,
    })
    for (const write of result.writes) this.#stateOf(write.ref).apply(write)
    for (const { from, tell } of result.tells)
      sendTell(this.#states[from]!, position, `${tell.ordinal}`, tell.call, touchesOf(program, tell.call))
    return result
  }

  #reply({ request, attempt }: Transaction, position: Position, outcome: Outcome, counted = position): void {
    this.#replies.push({ position, counted, attempt, request, outcome })
  }

  #stateOf(ref: ActorRef): ReferenceState {
    return this.#states[partitionOf(ref, this.#options.partitions)]!
  }
}

const poisoned: Outcome = {
  kind: 'aborted',
  operation: 0,
  error: { name: 'StreamyError', code: 'TRANSACTION_POISONED', message: poisonedMessage, data: undefined },
}

// The transaction, unless it is void.
function readTransaction(
  batch: Batch,
  found: BatchTransaction,
  partitions: number,
  restrictedTo: string | undefined,
): Transaction | undefined {
  try {
    const transaction = transactionIn(batch, found)
    if (restrictedTo !== undefined) {
      if (transaction.source !== undefined || transaction.attempt > 1) return undefined
      if (transaction.request !== undefined && !transaction.request.session.startsWith(`${restrictedTo}.`))
        return undefined
    }
    return isVoid(transaction, found.partitions, partitions) ? undefined : transaction
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}

function isVoid(transaction: Transaction, indexed: readonly PartitionId[], partitions: number): boolean {
  const { request, source, attempt } = transaction
  const expected = indexedPartitions(transaction, partitions)
  if (indexed.length !== expected.length || indexed.some((partition, i) => partition !== expected[i])) return true
  if (indexed.some((partition) => partition >= partitions)) return true
  if (request === undefined && partitions > 1) return true
  if (source !== undefined && (source >= partitions || request?.session !== `~${source}`)) return true
  return source === undefined && request !== undefined && isPartitionSession(request.session) && attempt === 1
}
