// Engine: executes the log for the partitions of one worker. Inputs are log entries and messages of other workers;
// effects are replies, messages and transactions to append. It is synchronous and does no I/O of its own, so a whole
// cluster of engines can be driven step by step. It only wires the parts together:
//
//   deliver --> Scanner --> TransactionsInFlight (protocols, KeyTransactionProcessors, timers) --> EngineState
//   receive ------------------^                     HomeDesk (counts? reply, record, retry)  --> Effects
//
// E3 A message for a position not yet scanned is kept; one for a resolved position is ignored (K6).
// E4 Nothing that is thrown leaves the engine usable: it has stopped, and every later input throws the same.

import type { Datum } from './datum.ts'
import { EffectsBuffer } from './effects.ts'
import type { Effects } from './effects.ts'
import { EngineState } from './engine-state.ts'
import type { StateCapture } from './engine-state.ts'
import { EntryExecution } from './entry.ts'
import { Execution } from './execution.ts'
import type { ActorSpace, ExecutionOptions } from './execution.ts'
import { HomeDesk } from './home-desk.ts'
import type { LogEntry } from './log.ts'
import type { PeerMessage } from './peer-message.ts'
import { sequenceOf } from './position.ts'
import type { LogTime, PartitionId, Position, Sequence } from './position.ts'
import { predictTouches } from './predict-touches.ts'
import type { Program } from './program.ts'
import { Scanner } from './scanner.ts'
import type { Progress } from './state-format.ts'
import type { StateStore } from './state-store.ts'
import type { ActorRef, Call, Touch, Transaction } from './transaction.ts'
import { TransactionsInFlight } from './transactions-in-flight.ts'

/** What an engine runs, and for whom. */
export interface EngineOptions {
  readonly program: Program
  readonly store: StateStore
  /** Number of partitions of the database, fixed when it was created. */
  readonly partitions: number
  /** The database's seed of randomness, fixed when it was created. */
  readonly seed: string
  /** Whether a partition is this worker's. */
  readonly owned: (partition: PartitionId) => boolean
  /** Positions that an operator decided to abort as poisoned. */
  readonly skip?: ReadonlySet<Position>
  /** Clean actors kept in memory, within a factor of two; default 65,536. */
  readonly actorsCachedMax?: number
}

/** The answer to a query, with what it was read from. */
export interface QueryAnswer {
  readonly value: Datum
  readonly reads: readonly { readonly ref: ActorRef; readonly version: Position | undefined }[]
}

/** The state of one position. */
export interface EngineSnapshot {
  readonly position: Position
  /** Answers as of the position. Throws SNAPSHOT_EXPIRED once it was closed, or had to give way. */
  query(call: Call): QueryAnswer
  close(): void
}

/** Executes the log for the partitions of one worker. */
export class Engine {
  readonly #program: Program
  readonly #seed: string
  readonly #state: EngineState
  readonly #effects = new EffectsBuffer()
  readonly #inFlight: TransactionsInFlight
  readonly #scanner: Scanner
  #failure: Error | undefined = undefined

  constructor(options: EngineOptions) {
    const { program, seed, partitions } = options
    this.#program = program
    this.#seed = seed
    const everyPartition = Array.from({ length: partitions }, (_, partition) => partition)
    const owned = everyPartition.filter((partition) => options.owned(partition))
    const state = new EngineState({ ...options, owned, actorsCachedMax: options.actorsCachedMax ?? 65_536 })
    const effects = this.#effects
    const home = new HomeDesk({ program, seed, state, effects, skip: options.skip ?? new Set() })
    this.#state = state
    this.#inFlight = new TransactionsInFlight({ ...options, state, effects, home })
    this.#scanner = new Scanner({ ...options, state, effects, inFlight: this.#inFlight })
  }

  /** The batch it wants to be given next. */
  get next(): Sequence {
    return this.#state.scanned.sequence + this.#scanner.backlogLength + 1
  }

  /** The last batch that was scanned, at least in part. */
  get scanned(): Progress {
    return this.#state.scanned
  }

  /** Everything up to here has resolved. */
  get resolved(): Position {
    const { first } = this.#inFlight
    return first === undefined ? this.#scanner.position : first - 1
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

  /**
   * Takes the next batch of the log. `decoded` may hold its transactions, when this process made the entry from them.
   * Throws LOG_DIVERGED on a gap, FORMAT_UNKNOWN, HANDLER_FATAL; then the engine has stopped (E4).
   */
  deliver(entry: LogEntry, decoded?: readonly Transaction[]): void {
    this.#scanner.deliver(entry, decoded)
    this.#advance()
  }

  /** Takes a message of another worker; any order, repeats and losses are fine (E3). */
  receive(message: PeerMessage): void {
    this.#advance(message)
  }

  /** Asks peers again for all it waits for, and submits again what has not come back from the log. */
  askAgain(): void {
    this.#effects.messages.push(...this.#inFlight.asks())
    this.#effects.submissions = [...this.#state.sessions.pendingRetries]
    this.#state.outbox.takeAgain()
  }

  /** What is to be done since the last call. */
  takeEffects(): Effects {
    this.#effects.submissions.push(...this.#state.outbox.take(this.resolved))
    return this.#effects.take()
  }

  /** Answers a query from what is committed here. */
  query(call: Call): QueryAnswer {
    return this.#query(call, this.resolved, this.#state.scanned.logTime, { load: (ref) => this.#state.actors.get(ref) })
  }

  /**
   * What is committed here now, to be queried also when it has changed since. For P = 1, where it is all there is, and
   * the state between two deliveries is that of one position. Close it; see `limits.snapshotsOpenMax`.
   */
  snapshot(): EngineSnapshot {
    const { resolved: position } = this
    const { logTime } = this.#state.scanned
    const snapshot = this.#state.snapshots.open()
    return {
      position,
      query: (call) => this.#query(call, position, logTime, { load: (ref) => snapshot.record(ref) }),
      close: () => snapshot.close(),
    }
  }

  #query(call: Call, position: Position, logTime: LogTime, space: ActorSpace): QueryAnswer {
    const seed = `${this.#seed}/query/${position}`
    const execution = new Execution(this.#program, { position, logTime, seed, space, readOnly: true })
    const value = this.#program.isolate(() => execution.runQuery(call))
    return { value, reads: execution.slots.map(({ ref, record }) => ({ ref, version: record?.version })) }
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
   * The changes up to the last batch of which everything has resolved; undefined when there are none. Throws what the
   * engine has stopped with: what it holds then is half of something.
   */
  captureState(): StateCapture | undefined {
    if (this.#failure !== undefined) throw this.#failure
    const { first } = this.#inFlight
    const unfinished = this.#scanner.unfinished ?? Infinity
    const pending = first === undefined ? Infinity : sequenceOf(first)
    return this.#state.capture(Math.min(this.#state.scanned.sequence, unfinished - 1, pending - 1))
  }

  /** The store holds what was captured last. */
  stateFlushed(): void {
    this.#state.flushed()
  }

  /** One hash per partition of this worker; everything delivered must have resolved. */
  stateHashes(): Map<PartitionId, string> {
    return this.#state.hashes()
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
    while (!this.#scanner.isBlocked() && this.#scanner.step()) this.#inFlight.drain()
  }
}
