// TransactionsInFlight: the transactions that one worker has scanned and not resolved, the queues of the actors they
// use, and the messages that drive them.

import type { ActorRecord, Timer } from './actor-record.ts'
import { EarlyMessages } from './early-messages.ts'
import type { EffectsBuffer } from './effects.ts'
import type { EngineState } from './engine-state.ts'
import { EntryExecution } from './entry.ts'
import type { Entry } from './entry.ts'
import { runExec } from './exec-transaction.ts'
import type { ActorSpace, ExecutionOptions, Tell } from './execution.ts'
import type { HomeDesk } from './home-desk.ts'
import { KeyTransactionProcessor } from './key-transaction-processor.ts'
import type { LockNode } from './key-transaction-processor.ts'
import { runLocal } from './local-transaction.ts'
import type { LocalTransaction } from './local-transaction.ts'
import type { Aborted } from './outcome.ts'
import type { Ownership } from './ownership.ts'
import type { PeerMessage, SentRecord } from './peer-message.ts'
import type { PartitionId, Position, Sequence } from './position.ts'
import type { Program } from './program.ts'
import { decodeActorRecord, encodeActorRecord } from './state-format.ts'
import { tellTransaction } from './tell-transaction.ts'
import { TimerRunner } from './timer-runner.ts'
import type { TimerHost } from './timer-runner.ts'
import type { TransactionHost, TransactionInFlight } from './transaction-host.ts'
import type { ActorRef, Transaction } from './transaction.ts'

/** What a worker's transactions run on. */
export interface InFlightOptions {
  readonly program: Program
  readonly seed: string
  readonly partitions: number
  readonly ownership: Ownership
  readonly state: EngineState
  readonly effects: EffectsBuffer
  readonly home: HomeDesk
}

/** Scanned and unresolved transactions of one worker. */
export class TransactionsInFlight implements TransactionHost, TimerHost {
  readonly program: Program
  readonly seed: string
  readonly sequential: boolean
  readonly skip: ReadonlySet<Position>
  readonly home: HomeDesk
  readonly timers: TimerRunner
  /** Whether to ask for everything at the start, because it was sent long ago: in a replay. */
  asksAtOnce = false
  readonly #options: InFlightOptions
  readonly #state: EngineState
  readonly #effects: EffectsBuffer
  // In the order of their positions, since they are scanned in it.
  readonly #transactions = new Map<Position, TransactionInFlight>()
  // Their positions once more, with those of resolved ones up to `#oldest` and here and there behind it: the first key
  // of a map is found only by walking over all that were deleted before it.
  readonly #started: Position[] = []
  #oldest = 0
  readonly #early = new EarlyMessages()
  readonly #processors = new Map<string, KeyTransactionProcessor>()
  #awake: ActorRef[] = []

  constructor(options: InFlightOptions) {
    this.#options = options
    this.program = options.program
    this.seed = options.seed
    this.sequential = options.partitions === 1
    this.skip = options.home.skip
    this.home = options.home
    this.#state = options.state
    this.#effects = options.effects
    this.timers = new TimerRunner(this, options.state)
  }

  get size(): number {
    return this.#transactions.size
  }

  /** The lowest unresolved position. */
  get first(): Position | undefined {
    const started = this.#started
    while (this.#oldest < started.length && !this.#transactions.has(started[this.#oldest]!)) this.#oldest += 1
    if (this.#oldest * 2 > started.length) {
      started.splice(0, this.#oldest)
      this.#oldest = 0
    }
    return started[this.#oldest]
  }

  start(transaction: TransactionInFlight): void {
    const { position } = transaction.entry
    this.#transactions.set(position, transaction)
    this.#started.push(position)
    const early = this.#early.take(position)
    // What others fetch is what it finds, so they are answered before it may have run and left something else.
    for (const message of early) if (message.kind === 'fetch') transaction.receive(message)
    transaction.start()
    if (this.asksAtOnce && this.#transactions.has(position)) this.#effects.messages.push(...transaction.asks())
    for (const message of early)
      if (message.kind !== 'fetch' && this.#transactions.has(position)) transaction.receive(message)
  }

  /**
   * Runs a transaction on one actor where it was scanned, without a queue: what it would come to in one, were it served at
   * once. False when something before it is still on the actor, or an earlier entry of its request is in flight.
   */
  runAtOnce(entry: Entry): boolean {
    const { ref } = entry.transaction.calls[0]!
    if ((this.#processors.size > 0 && this.#processors.has(ref.id)) || !this.home.isFirst(entry)) return false
    // Nobody else takes part, so whatever came for it is nothing.
    this.#early.take(entry.position)
    runExec(this, entry, this.home.decide(entry))
    return true
  }

  /**
   * The same for a transaction over several actors. False, besides, when somebody else takes part in it or wants to hear
   * of it: where one of its partitions is not served here alone.
   */
  runLocalAtOnce(entry: Entry, transaction: LocalTransaction): boolean {
    const { ownership } = this.#options
    for (const { ref } of transaction.footprint) {
      if (this.#processors.size > 0 && this.#processors.has(ref.id)) return false
      const partition = this.partitionOf(ref)
      if (!ownership.executes(partition) || !ownership.serves(partition, entry.position)) return false
    }
    if (!this.home.isFirst(entry)) return false
    this.#early.take(entry.position)
    runLocal(this, entry, transaction, this.home.decide(entry))
    return true
  }

  /** Takes a message; `scanned` is the last position that was scanned. */
  receive(message: PeerMessage, scanned: Position): void {
    const { kind, position, from, to } = message
    const transaction = this.#transactions.get(position)
    if (kind === 'ask') this.#answer(position, from, to, transaction === undefined && position <= scanned)
    else if (kind === 'unheld') this.#noteUnheld(message, transaction)
    else if (position > scanned) this.#early.keep(message, scanned)
    else if (transaction !== undefined) transaction.receive(message)
    else if (kind === 'fetch') this.#answer(position, to, from, true, message.ref)
  }

  // What was kept, and the word that what is wanted is not to be had here; `over` when nothing can come any more. A worker
  // that ran the transaction over all its partitions by itself may have told somebody else some actors and not this one.
  #answer(position: Position, from: PartitionId, to: PartitionId, over: boolean, wanted?: ActorRef): void {
    const kept = this.#state.messages.find(position, from, to)
    this.#effects.messages.push(...kept)
    const holds = wanted === undefined ? kept.length > 0 : kept.some((message) => tellsOf(message, wanted))
    if (!holds && over && this.#options.ownership.executes(from))
      this.#effects.messages.push({ kind: 'unheld', position, from, to })
  }

  #noteUnheld({ from, to }: PeerMessage, transaction: TransactionInFlight | undefined): void {
    const waits = transaction
      ?.asks()
      .some((ask) => (ask.kind === 'fetch' ? ask.to === from : ask.from === from && ask.to === to))
    if (waits === true) this.#effects.addUnheld(from)
  }

  /** What to send to get again whatever the oldest `most` transactions wait for. */
  asks(most = Infinity): PeerMessage[] {
    const asks: PeerMessage[] = []
    let count = 0
    for (const transaction of this.#transactions.values()) {
      if (count++ >= most) break
      asks.push(...transaction.asks())
    }
    return asks
  }

  /** Serves queues until nothing moves. */
  drain(): void {
    while (this.#awake.length > 0) {
      const awake = this.#awake
      this.#awake = []
      for (const ref of awake) this.#serve(ref)
    }
  }

  executesAt(ref: ActorRef, sequence: Sequence): boolean {
    return this.#options.ownership.executesAt(this.partitionOf(ref), sequence)
  }

  isLocal(partition: PartitionId): boolean {
    return this.#options.ownership.executes(partition)
  }

  serves(partition: PartitionId, position: Position): boolean {
    return this.#options.ownership.serves(partition, position)
  }

  partitionOf(ref: ActorRef): PartitionId {
    return this.#state.partitionOf(ref)
  }

  enqueue(ref: ActorRef, node: LockNode): void {
    let processor = this.#processors.get(ref.id)
    if (processor === undefined) this.#processors.set(ref.id, (processor = this.#processor(ref)))
    processor.enqueue(node)
    this.#awake.push(ref)
  }

  wake(ref: ActorRef): void {
    this.#awake.push(ref)
  }

  record(ref: ActorRef): ActorRecord | undefined {
    return this.#state.actors.get(ref)
  }

  commitActor(ref: ActorRef, record: ActorRecord | undefined, entry: Entry): void {
    this.commitRecord(ref, record, entry.position)
  }

  commitRecord(ref: ActorRef, record: ActorRecord | undefined, position: Position): void {
    const timers = this.#state.commitActor(ref, record, position)
    if (timers.length > 0) this.timers.schedule(ref, timers)
  }

  executionOptions(entry: Entry, space: ActorSpace, confined: boolean): ExecutionOptions {
    return new EntryExecution(this.seed, entry, space, confined)
  }

  addTells(entry: Entry, source: PartitionId, tells: readonly Tell[]): void {
    for (const { call, ordinal } of tells)
      this.addTell(tellTransaction(this.program, source, entry.position, `${ordinal}`, call), entry.position)
  }

  addTell(tell: Transaction, position: Position): void {
    this.#state.outbox.add(tell, position)
  }

  timerFailed(ref: ActorRef, timer: Timer, failure: Aborted, position: Position): void {
    if (!this.#options.ownership.isLive(this.partitionOf(ref), position)) return
    const reason = `The timer ${timer.message} of ${ref.id} failed: ${failure.error.message}`
    this.#effects.incidents.push({ kind: 'timer-failed', position, reason })
  }

  send(message: PeerMessage): void {
    if (message.kind !== 'fetch' && message.kind !== 'ask' && message.kind !== 'unheld')
      this.#state.messages.keep(message)
    this.#effects.messages.push(message)
  }

  encodeRecord(ref: ActorRef, record: ActorRecord | undefined): SentRecord {
    return { ref, bytes: record === undefined ? undefined : encodeActorRecord(this.program, ref, record) }
  }

  decodeRecord({ ref, bytes }: SentRecord): ActorRecord | undefined {
    return bytes === undefined ? undefined : decodeActorRecord(this.program, ref, bytes)
  }

  resolved(transaction: TransactionInFlight): void {
    this.#transactions.delete(transaction.entry.position)
  }

  #serve(ref: ActorRef): void {
    const processor = this.#processors.get(ref.id)
    if (processor === undefined) return
    processor.advance()
    if (processor.idle) this.#processors.delete(ref.id)
  }

  #processor(ref: ActorRef): KeyTransactionProcessor {
    const record = (): ActorRecord | undefined => this.record(ref)
    return new KeyTransactionProcessor({
      get record(): ActorRecord | undefined {
        return record()
      },
      commit: (after, position) => this.commitRecord(ref, after, position),
    })
  }
}

function tellsOf(message: PeerMessage, { id }: ActorRef): boolean {
  return message.kind === 'values' && message.records.some(({ ref }) => ref.id === id)
}
