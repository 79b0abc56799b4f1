// Engine: executes the log for the partitions of one worker. Inputs are log entries and messages of other workers;
// effects are replies, messages and transactions to append. It is synchronous and does no I/O of its own, so a whole
// cluster of engines can be driven step by step. It only wires the parts together:
//
//   deliver --> Scanner --> TransactionsInFlight (protocols, KeyTransactionProcessors, timers) --> EngineState
//   receive ------------------^                     HomeDesk (counts? reply, record, retry)  --> Effects
//
// E3 A message for a position not yet scanned is kept; one for a resolved position is ignored (K6).
// E4 Nothing that is thrown leaves the engine usable: it has stopped, and every later input throws the same.

import type { ActorRecord } from './actor-record.ts'
import type { Commit, CommitSink } from './commit.ts'
import { EffectsBuffer } from './effects.ts'
import type { Answer, Effects } from './effects.ts'
import { EngineState } from './engine-state.ts'
import type { StateCapture } from './engine-state.ts'
import { EntryExecution } from './entry.ts'
import { Execution, FootprintMiss } from './execution.ts'
import type { ActorSpace, ExecutionOptions } from './execution.ts'
import { homeOf } from './footprint.ts'
import type { ErrorData } from './error-data.ts'
import { HomeDesk } from './home-desk.ts'
import type { LogEntry } from './log.ts'
import type { View, WorkerIdentity } from './membership.ts'
import type { RecordedOutcome } from './outcome.ts'
import { Ownership } from './ownership.ts'
import type { PeerMessage } from './peer-message.ts'
import { endOfBatch, sequenceOf } from './position.ts'
import type { LogTime, PartitionId, Position, Sequence } from './position.ts'
import { predictTouches } from './predict-touches.ts'
import type { Program } from './program.ts'
import { QueryOptions, readsOf, runQuery } from './query.ts'
import type { QueryAnswer } from './query.ts'
import { Scanner } from './scanner.ts'
import { decodeActorRecord, encodeActorRecord } from './state-format.ts'
import type { Progress } from './state-format.ts'
import type { StateStore } from './state-store.ts'
import type { AccessMode, ActorRef, Call, Request, Touch, Transaction } from './transaction.ts'
import { TransactionsInFlight } from './transactions-in-flight.ts'

const CACHE_BYTES_DEFAULT = 32 * 1024 * 1024

/** What an engine runs, and for whom. */
export interface EngineOptions {
  readonly program: Program
  readonly store: StateStore
  /** Number of partitions of the database, fixed when it was created. */
  readonly partitions: number
  /** The database's seed of randomness, fixed when it was created. */
  readonly seed: string
  /** Whether the engine executes a partition, from what its store holds on. */
  readonly owned: (partition: PartitionId) => boolean
  /** Whose engine it is: which partitions are its own then goes by the view. Absent: all it executes, from the start. */
  readonly worker?: WorkerIdentity
  /** Executed only because others need what they send: left when it has caught up and all others are this worker's. */
  readonly extra?: ReadonlySet<PartitionId>
  /**
   * The batch up to which it only catches up, as far as the log was known when it was made: up to there it leaves nothing,
   * whatever the views say. Whoever makes an engine from an older state says this; default 0.
   */
  readonly catchUpTo?: Sequence
  /** The view before the first batch of the log. */
  readonly firstView?: View
  /** Positions that an operator decided to abort as poisoned. */
  readonly skip?: ReadonlySet<Position>
  /** Bytes of clean actors kept in memory, by estimate and within a factor of two; default 32 MiB. */
  readonly cacheBytesMax?: number
}

/** The state of one position. */
export interface EngineSnapshot {
  readonly position: Position
  readonly logTime: LogTime
  /** Answers as of the position. Throws SNAPSHOT_EXPIRED once it was closed, or had to give way. */
  query(call: Call): QueryAnswer
  close(): void
}

/** The answer to a query of the past, or what it lacks. */
export type SnapshotAnswer =
  | ({ readonly kind: 'answer' } & QueryAnswer)
  /** Its handler threw, after it had read these. */
  | { readonly kind: 'failed'; readonly error: ErrorData; readonly reads: QueryAnswer['reads'] }
  /** An actor that is executed elsewhere. */
  | { readonly kind: 'missing'; readonly ref: ActorRef }
  /** That place cannot be read here: it was flushed over, or has not resolved. */
  | { readonly kind: 'gone' }

/** Executes the log for the partitions of one worker. */
export class Engine {
  readonly #program: Program
  readonly #seed: string
  readonly #partitions: number
  readonly #sequential: boolean
  readonly #ownership: Ownership
  readonly #state: EngineState
  readonly #effects = new EffectsBuffer()
  readonly #inFlight: TransactionsInFlight
  readonly #scanner: Scanner
  /** What is committed here now. */
  readonly #committed: ActorSpace = { load: (ref) => this.#state.actors.get(ref) }
  // What the latest queries ran under: many come between two batches.
  #present: QueryOptions | undefined = undefined
  #failure: Error | undefined = undefined
  /** How much of the log is scanned in one call, in steps of about a transaction; the rest waits for `advance`. */
  stepsMax = Infinity

  constructor(options: EngineOptions) {
    const { program, seed, partitions } = options
    this.#program = program
    this.#seed = seed
    const everyPartition = Array.from({ length: partitions }, (_, partition) => partition)
    const executed = everyPartition.filter((partition) => options.owned(partition))
    const sequential = partitions === 1 && options.worker === undefined
    const { cacheBytesMax = CACHE_BYTES_DEFAULT } = options
    const heldAt = (sequence: Sequence): readonly PartitionId[] =>
      executed.filter((partition) => this.#ownership.executesAt(partition, sequence))
    const moving = options.worker === undefined ? {} : { heldAt }
    const state = new EngineState({ ...options, ...moving, executed, sequential, cacheBytesMax })
    const effects = this.#effects
    const ownership = new Ownership({ ...options, executed, view: state.view })
    const home = new HomeDesk({ program, seed, state, effects, ownership, skip: options.skip ?? new Set() })
    this.#partitions = partitions
    this.#sequential = sequential
    this.#ownership = ownership
    this.#state = state
    this.#inFlight = new TransactionsInFlight({ ...options, state, effects, home, ownership })
    this.#scanner = new Scanner({ ...options, state, effects, ownership, inFlight: this.#inFlight })
  }

  /** The batch it wants to be given next. */
  get next(): Sequence {
    return this.#state.scanned.sequence + this.#scanner.backlogLength + 1
  }

  /** The last batch that was scanned, at least in part. */
  get scanned(): Progress {
    return this.#state.scanned
  }

  /** The workers and owners behind the last batch that was scanned. */
  get view(): View {
    return this.#state.view
  }

  /** What it executes, and which of that is its worker's own, where its scan stands. */
  get ownership(): Pick<Ownership, 'executed' | 'live' | 'executes' | 'executesAt' | 'isOwner' | 'isLive'> {
    return this.#ownership
  }

  /** The last batch whose changes the store holds, or will hold when the flush under way is done. */
  get captured(): Progress {
    return this.#state.captured
  }

  /** Everything up to here has resolved. */
  get resolved(): Position {
    const { first } = this.#inFlight
    return first === undefined ? this.#scanner.position : first - 1
  }

  /** The last batch up to whose end everything has resolved. */
  get resolvedBatch(): Sequence {
    const { first } = this.#inFlight
    const unfinished = this.#scanner.unfinished ?? Infinity
    const pending = first === undefined ? Infinity : sequenceOf(first)
    return Math.min(this.#state.scanned.sequence, unfinished - 1, pending - 1)
  }

  /** False while too much is unresolved or waits to be scanned: deliver later (K6). */
  get wantsMore(): boolean {
    return this.#scanner.backlogLength === 0 && !this.#scanner.isBlocked()
  }

  /** When the next timer may be due, in log time; if nothing else is appended by then, a tick entry should be. */
  get nextTimerDue(): LogTime | undefined {
    return this.#state.timers.nextDue
  }

  /** Actors changed since the last capture: what a flush would write. */
  get changedActors(): number {
    return this.#state.actors.changedCount
  }

  /** Records that newer ones have replaced since the last capture, which snapshots may still read; a flush lets go of them. */
  get replacedRecords(): number {
    return this.#state.actors.olderCount
  }

  /**
   * Takes the next batch of the log. `decoded` may hold its transactions, when this process made the entry from them.
   * `answer` takes the outcomes of what resolves now, one by one, where they would gather in `replies` without it: so
   * none is kept for longer than it takes. Throws LOG_DIVERGED on a gap, FORMAT_UNKNOWN, HANDLER_FATAL; then the engine
   * has stopped (E4).
   */
  deliver(entry: LogEntry, decoded?: readonly Transaction[], answer?: Answer): void {
    this.#scanner.deliver(entry, decoded)
    this.#effects.answer = answer
    try {
      this.#advance()
    } finally {
      this.#effects.answer = undefined
    }
  }

  /** Whether there is something to be scanned that waits for nothing but `advance`. */
  get canAdvance(): boolean {
    return this.#failure === undefined && !this.#scanner.isBlocked() && this.#scanner.hasMore
  }

  /** Goes on with what was delivered. Throws as `deliver` does. */
  advance(): void {
    this.#advance()
  }

  /** Takes a message of another worker; any order, repeats and losses are fine (E3). */
  receive(message: PeerMessage): void {
    this.#advance(message)
  }

  /** Asks peers again for all it waits for, and submits again what has not come back from the log. */
  askAgain(): void {
    this.askPeers()
    this.#effects.submissions = [...this.#state.sessions.pendingRetries].filter((retry) =>
      this.#ownership.isOwner(homeOf(retry, this.#partitions)),
    )
    this.#state.outbox.takeAgain()
  }

  /**
   * Asks peers again for what its oldest transactions wait for, `transactions` of them. All others wait for those or have
   * not waited as long, and asking for thousands would cost more than what is lost now and then.
   */
  askPeers(transactions = Infinity): void {
    this.#effects.messages.push(...this.#inFlight.asks(transactions))
  }

  /** Whether to ask peers for everything at once, without waiting for it to come: while it replays what is long past. */
  set asksAtOnce(value: boolean) {
    this.#inFlight.asksAtOnce = value
  }

  /** The partitions, executed elsewhere, whose messages it waits for. */
  waitsFor(): Set<PartitionId> {
    return new Set(this.#inFlight.asks().map((ask) => (ask.kind === 'fetch' ? ask.to : ask.from)))
  }

  /** Whom to tell of every write that it commits from now on; undefined, as at first, costs a comparison a write. */
  set onCommit(sink: CommitSink | undefined) {
    this.#state.onCommit = sink
  }

  /** What is to be done since the last call. */
  takeEffects(): Effects {
    const isOwner = (partition: PartitionId): boolean => this.#ownership.isOwner(partition)
    this.#effects.submissions.push(...this.#state.outbox.take(this.resolved, isOwner))
    return this.#effects.take()
  }

  /** Answers a query from what is committed here. */
  query(call: Call): QueryAnswer {
    const position = this.resolved
    const { logTime } = this.#state.scanned
    if (this.#present?.position !== position || this.#present.logTime !== logTime)
      this.#present = new QueryOptions(this.#seed, position, logTime, this.#committed)
    return runQuery(this.#program, call, this.#present)
  }

  /**
   * What is committed here now, to be queried also when it has changed since. For P = 1, where it is all there is, and
   * the state between two deliveries is that of one position. Close it; see `limits.snapshotsOpenMax`.
   */
  snapshot(): EngineSnapshot {
    return this.#snapshot(this.resolved, (_, record) => record)
  }

  /** `snapshot`, as of an earlier position of the last batch: `undone` are that batch's commits behind it, in order. */
  snapshotBefore(undone: readonly Commit[], position: Position): EngineSnapshot {
    const before = new Map(undone.toReversed().map((commit) => [commit.ref.id, commit.before]))
    return this.#snapshot(position, (ref, record) => (before.has(ref.id) ? before.get(ref.id) : record))
  }

  #snapshot(
    position: Position,
    asOf: (ref: ActorRef, record: ActorRecord | undefined) => ActorRecord | undefined,
  ): EngineSnapshot {
    const { logTime } = this.#state.scanned
    const snapshot = this.#state.snapshots.open()
    return {
      position,
      logTime,
      query: (call) => this.#query(call, position, logTime, { load: (ref) => asOf(ref, snapshot.record(ref)) }),
      close: () => snapshot.close(),
    }
  }

  #query(call: Call, position: Position, logTime: LogTime, space: ActorSpace): QueryAnswer {
    return runQuery(this.#program, call, new QueryOptions(this.#seed, position, logTime, space))
  }

  /**
   * Answers a query from the state as of the end of batch `sequence`, which must have resolved. `fetched` holds records
   * of actors that are executed elsewhere, as of the same batch; a query that needs another one says which.
   */
  queryAt(call: Call, sequence: Sequence, fetched: ReadonlyMap<string, ActorRecord | undefined>): SnapshotAnswer {
    if (!this.canReadAt(sequence)) return { kind: 'gone' }
    const position = endOfBatch(sequence)
    const { logTime } = this.#state.batch(sequence)
    const space: ActorSpace = { load: (ref, mode) => this.#loadAt(ref, mode, position, fetched) }
    const execution = new Execution(this.#program, new QueryOptions(this.#seed, position, logTime, space))
    try {
      const value = this.#program.isolate(() => execution.runQuery(call))
      if (execution.missed === undefined) return { kind: 'answer', value, reads: readsOf(execution) }
    } catch (thrown) {
      if (execution.broken !== undefined) throw execution.broken.cause
      if (execution.missed === undefined)
        return { kind: 'failed', error: this.#program.encodeError(thrown), reads: readsOf(execution) }
    }
    return { kind: 'missing', ref: execution.missed.ref }
  }

  /** The bytes of an actor's record as of the end of batch `sequence`, for a query that runs elsewhere. */
  recordAt(ref: ActorRef, sequence: Sequence): { readonly bytes: Uint8Array | undefined } | 'gone' {
    if (!this.canReadAt(sequence)) return 'gone'
    const record = this.#state.actors.getAt(ref, endOfBatch(sequence))
    return { bytes: record === undefined ? undefined : encodeActorRecord(this.#program, ref, record) }
  }

  /** Reads what `recordAt` of another engine answered. */
  decodeRecord(ref: ActorRef, bytes: Uint8Array): ActorRecord {
    return decodeActorRecord(this.#program, ref, bytes)
  }

  /** Whether the state as of the end of a batch can still, and already, be read here. */
  canReadAt(sequence: Sequence): boolean {
    // There only the newest values are kept.
    if (this.#sequential) return sequence === this.#state.scanned.sequence && sequence === this.resolvedBatch
    return sequence >= this.#state.captured.sequence && sequence <= this.resolvedBatch
  }

  /** The log time of a batch that can be read. */
  logTimeAt(sequence: Sequence): LogTime {
    return this.#state.batch(sequence).logTime
  }

  /** What is recorded of a request at its home, if its outcome is known and was not forgotten. */
  outcome(home: PartitionId, request: Pick<Request, 'session' | 'sequence' | 'suffix'>): RecordedOutcome | undefined {
    const record = this.#state.sessions.outcome(home, request)
    // One of a state that did not record it is not behind what has resolved here.
    return record && { outcome: record.outcome, position: record.position ?? this.resolved }
  }

  /** Forgets messages to peers that a complete checkpoint covers, when nobody begins before it any more. */
  trimMessages(through: Sequence): void {
    this.#state.messages.trim(endOfBatch(through))
  }

  /** The version of an actor as committed here; undefined when it is absent. */
  version(ref: ActorRef): Position | undefined {
    return this.#state.actors.get(ref)?.version
  }

  /** What a transaction would touch if it ran now: what a client that was told of a miss asks for first (F5). */
  predict(transaction: Transaction): readonly Touch[] {
    const { logTime } = this.#state.scanned
    const entry = { transaction, position: this.resolved, logTime, home: 0, admission: undefined }
    const run = (space: ActorSpace): ExecutionOptions => new EntryExecution(this.#seed, entry, space, false)
    return this.#program.isolate(() =>
      predictTouches(this.#program, transaction, run, (ref) => this.#state.actors.get(ref)),
    )
  }

  /**
   * The changes up to the last batch of which everything has resolved, or up to `last` if that comes earlier; undefined
   * when there are none. Throws what the engine has stopped with: what it holds then is half of something.
   */
  captureState(last: Sequence = Infinity): StateCapture | undefined {
    if (this.#failure !== undefined) throw this.#failure
    return this.#state.capture(Math.min(last, this.resolvedBatch))
  }

  /** The store holds what was captured last. */
  stateFlushed(): void {
    this.#state.flushed()
  }

  /** One hash per partition it executes; everything delivered must have resolved. */
  stateHashes(): Map<PartitionId, string> {
    return this.#state.hashes(this.#ownership.executed)
  }

  #loadAt(
    ref: ActorRef,
    mode: AccessMode,
    position: Position,
    fetched: ReadonlyMap<string, ActorRecord | undefined>,
  ): ActorRecord | undefined {
    if (this.#ownership.executesAt(this.#state.partitionOf(ref), sequenceOf(position)))
      return this.#state.actors.getAt(ref, position)
    if (!fetched.has(ref.id)) throw new FootprintMiss(ref, mode)
    return fetched.get(ref.id)
  }

  #advance(message?: PeerMessage): void {
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#program.isolate(() => this.#run(message))
    } catch (thrown) {
      this.#failure = thrown instanceof Error ? thrown : new Error(String(thrown))
      throw this.#failure
    }
    this.#state.sessions.maintain(this.resolved)
  }

  #run(message: PeerMessage | undefined): void {
    if (message !== undefined) this.#inFlight.receive(message, this.#scanner.position)
    this.#inFlight.drain()
    for (let steps = 0; steps < this.stepsMax; steps++) {
      if (this.#scanner.isBlocked() || !this.#scanner.step()) return
      this.#inFlight.drain()
    }
  }
}
