// Scanner: reads the log batch by batch and starts each transaction that concerns this worker, in order.
//
//   deliver --> backlog --> batch: expire sessions, run timers --> transaction by transaction: judge, admit, start
//
// E1 Transactions are started in log order, all nodes of one before the next (K4); nothing waits at the end of a batch
//    (K5).
// E2 An exclusive transaction starts when everything before it has resolved, and nothing behind it is scanned until
//    it has.
// E5 A view is in force behind its batch: for whom something is executed changes there and nowhere else (O1).

import { controlBody, openBatch, transactionsOf } from './batch-codec.ts'
import type { Batch, BatchTransaction, VoidBatch } from './batch-codec.ts'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import type { EffectsBuffer } from './effects.ts'
import type { EngineState } from './engine-state.ts'
import type { Entry } from './entry.ts'
import { ExclusiveTransaction } from './exclusive-transaction.ts'
import { ExecTransaction } from './exec-transaction.ts'
import type { ActorSpace } from './execution.ts'
import { footprintOf, homeOf, protocolOf, usesOneActor } from './footprint.ts'
import { HomeTransaction } from './home-transaction.ts'
import { judgeTransaction } from './judge-transaction.ts'
import { limits } from './limits.ts'
import type { LogEntry } from './log.ts'
import { changeView, decodeChange } from './membership.ts'
import type { View } from './membership.ts'
import type { Ownership } from './ownership.ts'
import { endOfBatch, positionOf } from './position.ts'
import type { PartitionId, Position, Sequence } from './position.ts'
import type { Progress } from './state-format.ts'
import type { Transaction } from './transaction.ts'
import type { TransactionsInFlight } from './transactions-in-flight.ts'
import { VotesTransaction } from './votes-transaction.ts'
import { runWhole, wholeSpace } from './whole-transaction.ts'

/** What a scanner starts transactions on. */
export interface ScannerOptions {
  readonly partitions: number
  readonly ownership: Ownership
  readonly state: EngineState
  readonly inFlight: TransactionsInFlight
  readonly effects: EffectsBuffer
}

interface Delivery {
  readonly entry: LogEntry
  readonly decoded: readonly Transaction[] | undefined
}

// A batch of transactions that is being scanned.
interface OpenScan {
  /** Undefined where this process made the entry and P = 1: then its transactions are all there is to know. */
  readonly batch: Batch | undefined
  /** Those that concern this worker; undefined where `batch` is. */
  readonly own: readonly BatchTransaction[] | undefined
  readonly progress: Progress
  readonly decoded: readonly Transaction[] | undefined
  /** What the sessions of its writer begin with, if that is a client. */
  readonly restrictedTo: string | undefined
  /** Of its own transactions. */
  readonly count: number
  /** How many of them were scanned. */
  scanned: number
}

/** The log, as one worker goes through it; see E1 and E2. */
export class Scanner {
  readonly #options: ScannerOptions
  readonly #space: ActorSpace
  readonly #everyPartition: readonly PartitionId[]
  readonly #backlog: Delivery[] = []
  #open: OpenScan | undefined = undefined
  #waitsForAll = false
  #exclusive: Position | undefined = undefined
  #position: Position

  constructor(options: ScannerOptions) {
    this.#options = options
    this.#space = wholeSpace(options.state)
    this.#everyPartition = Array.from({ length: options.partitions }, (_, partition) => partition)
    this.#position = endOfBatch(options.state.scanned.sequence)
  }

  /** Batches delivered and not begun. */
  get backlogLength(): number {
    return this.#backlog.length
  }

  /** The last position that was scanned. */
  get position(): Position {
    return this.#position
  }

  /** The batch in the middle of which the scan stands, if any. */
  get unfinished(): Sequence | undefined {
    return this.#open?.progress.sequence
  }

  /** Whether a step would do anything. */
  get hasMore(): boolean {
    return this.#open !== undefined || this.#backlog.length > 0
  }

  deliver(entry: LogEntry, decoded: readonly Transaction[] | undefined): void {
    this.#backlog.push({ entry, decoded })
  }

  /** Whether what is in flight keeps it from going on (E2, K6). */
  isBlocked(): boolean {
    const { inFlight } = this.#options
    if (inFlight.size === 0) return false
    return this.#exclusive === inFlight.first || this.#waitsForAll || inFlight.size >= limits.unresolvedMax
  }

  /** Scans one transaction, or what lies between; false when there is nothing left to scan. */
  step(): boolean {
    if (this.#open === undefined) {
      const delivery = this.#backlog.shift()
      if (delivery === undefined) return false
      this.#begin(delivery)
    } else this.#scan(this.#open)
    return true
  }

  #begin({ entry, decoded }: Delivery): void {
    const { partitions } = this.#options
    if (decoded !== undefined && decoded.length > 0 && partitions === 1) {
      const progress = this.#enter(entry)
      const parts = { batch: undefined, own: undefined, restrictedTo: undefined }
      this.#open = { ...parts, progress, decoded, count: decoded.length, scanned: 0 }
      return
    }
    const batch = this.#judge(entry)
    if (batch.kind === 'transactions') {
      const progress = this.#enter(entry)
      const { restrictedTo } = entry
      const own = this.#own(batch, progress)
      this.#open = { batch, own, progress, decoded, restrictedTo, count: own.length, scanned: 0 }
    } else this.#control(entry, batch)
  }

  // Whoever may only send transactions can write nothing else that counts.
  #judge(entry: LogEntry): Batch | VoidBatch {
    const restricted = entry.restrictedTo !== undefined
    const batch = openBatch(entry.bytes, { restricted })
    if (!restricted || batch.kind === 'transactions' || batch.kind === 'void') return batch
    return { kind: 'void', reason: `a client may not write an entry of the kind ${batch.kind}` }
  }

  // What happens at the start of every batch.
  #enter(entry: LogEntry, view?: View): Progress {
    const { state, inFlight } = this.#options
    const progress = state.begin(entry, view)
    const start = positionOf(entry.sequence, 0)
    this.#position = start
    state.sessions.expire(start, progress.logTime)
    inFlight.timers.begin(progress)
    return progress
  }

  #control(entry: LogEntry, batch: Batch | VoidBatch): void {
    const { ownership, state, effects } = this.#options
    const before = state.view
    const change = batch.kind === 'member' ? viewBehind(before, batch) : before
    const reason = typeof change === 'string' ? change : batch.kind === 'void' ? batch.reason : undefined
    const after = typeof change === 'string' ? before : change
    this.#enter(entry, after)
    this.#position = endOfBatch(entry.sequence)
    if (reason !== undefined)
      effects.incidents.push({ kind: 'void-batch', position: positionOf(entry.sequence, 0), reason })
    if (batch.kind === 'checkpoint') effects.checkpoints.push(entry.sequence)
    if (after !== before) for (const partition of ownership.change(after, entry.sequence)) state.leave(partition)
    this.#passed(entry.sequence)
  }

  #passed(sequence: Sequence): void {
    const { ownership, state } = this.#options
    for (const partition of ownership.passed(sequence)) state.leave(partition)
  }

  // What is not its own is passed over at once.
  #own(batch: Batch, { sequence }: Progress): BatchTransaction[] {
    const { incidents } = this.#options.effects
    const concerns = (partitions: readonly PartitionId[]): boolean => this.#concerns(partitions)
    return transactionsOf(batch, concerns, (reason) =>
      incidents.push({ kind: 'void-transaction', position: positionOf(sequence, 0), reason }),
    )
  }

  #scan(open: OpenScan): void {
    const { own, progress, scanned } = open
    if (scanned < open.count) {
      const found = own?.[scanned]
      const position = positionOf(progress.sequence, (found?.index ?? scanned) + 1)
      if (!this.#startTransaction(open, found, position)) return
      this.#position = position
      open.scanned += 1
    }
    if (open.scanned < open.count) return
    this.#position = endOfBatch(progress.sequence)
    this.#open = undefined
    this.#passed(progress.sequence)
  }

  // An index that names nobody names everyone; an engine that executes nothing is not even then concerned.
  #concerns(partitions: readonly PartitionId[]): boolean {
    const { ownership } = this.#options
    if (partitions.length === 0) return ownership.executesSome
    for (const partition of partitions) if (ownership.executes(partition)) return true
    return false
  }

  // False when it must wait for everything before it (E2).
  #startTransaction(open: OpenScan, found: BatchTransaction | undefined, position: Position): boolean {
    const { partitions, ownership, state, inFlight, effects } = this.#options
    const transaction =
      open.decoded?.[found?.index ?? open.scanned] ??
      judgeTransaction(open.batch!, found!, partitions, open.restrictedTo)
    if (typeof transaction === 'string') {
      effects.incidents.push({ kind: 'void-transaction', position, reason: transaction })
      return true
    }
    const protocol = protocolOf(transaction, partitions)
    this.#waitsForAll = protocol === 'exclusive' && inFlight.size > 0
    if (this.#waitsForAll) return false
    const { source, request } = transaction
    if (source !== undefined && ownership.executes(source)) state.outbox.remove(source, request!, position)
    // The home of what names one partition is that one; the index has been compared with it.
    const named = found?.partitions.length === 1 ? found.partitions[0] : undefined
    const entry = this.#entry(transaction, named ?? homeOf(transaction, partitions), position, open.progress)
    if (protocol === 'whole') runWhole(inFlight, entry, this.#space)
    else this.#launch(entry, protocol)
    return true
  }

  #launch(entry: Entry, protocol: 'exclusive' | 'votes' | 'home'): void {
    const { inFlight, ownership } = this.#options
    if (protocol === 'exclusive') {
      this.#exclusive = entry.position
      inFlight.start(new ExclusiveTransaction(inFlight, entry, this.#everyPartition))
      return
    }
    const { transaction } = entry
    if (protocol === 'votes' && transaction.source === undefined && usesOneActor(transaction)) {
      if (!inFlight.runAtOnce(entry)) inFlight.start(new ExecTransaction(inFlight, entry))
      return
    }
    const footprint = footprintOf(transaction)
    // The index may name a worker only because a tell leaves its outbox there.
    if (!footprint.some(({ ref }) => ownership.executes(inFlight.partitionOf(ref)))) return
    if (protocol === 'votes' && footprint.length === 1) {
      if (!inFlight.runAtOnce(entry)) inFlight.start(new ExecTransaction(inFlight, entry))
    } else if (inFlight.runLocalAtOnce(entry, { protocol, footprint })) return
    else if (protocol === 'home') inFlight.start(new HomeTransaction(inFlight, entry))
    else inFlight.start(new VotesTransaction(inFlight, entry))
  }

  #entry(transaction: Transaction, home: PartitionId, position: Position, { logTime }: Progress): Entry {
    const { ownership, state } = this.#options
    const admitted = transaction.request !== undefined && ownership.executes(home)
    const admission = admitted ? state.sessions.admit(home, transaction, position, logTime) : undefined
    return { transaction, position, logTime, home, admission }
  }
}

// The view behind a change of membership; a reason as text when it is none.
function viewBehind(view: View, batch: Batch): View | string {
  try {
    return changeView(view, decodeChange(new ByteReader(controlBody(batch))))
  } catch (error) {
    if (error instanceof MalformedBytes) return error.message
    throw error
  }
}
