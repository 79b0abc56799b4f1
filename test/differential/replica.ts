// Replica: one engine of a worker with the store it advances, and the checkpoints it owes. A worker has several while
// partitions come to it: each follows the log for partitions of its own.

import {
  decodeProgress,
  progressKey,
  type Effects,
  type Engine,
  type EngineOptions,
  type LogEntry,
  type MemoryStateStore,
  type PartitionId,
  type PeerMessage,
  type Sequence,
  type StateCapture,
  type Transaction,
} from '@streamy-db/core'
import type { EngineMaker } from './node.ts'

/** How far the state on its way from the engine to the store has come. */
type Flush = { readonly stage: 'captured' | 'stored'; readonly capture: StateCapture }

/** What outlives a crash: a store, and the partitions of which it holds the whole state. */
export interface Disk {
  readonly store: MemoryStateStore
  readonly partitions: readonly PartitionId[]
}

/** Who takes what replicas do. */
export interface ReplicaHost {
  perform(replica: Replica, effects: Effects): void
  /** Its store stands at a batch that asked for a checkpoint. */
  checkpointed(replica: Replica, sequence: Sequence): void
}

/** One engine at work. */
export class Replica {
  readonly engine: Engine
  readonly partitions: readonly PartitionId[]
  readonly extra: ReadonlySet<PartitionId>
  readonly store: MemoryStateStore
  /** The one that goes on until this one has caught up. */
  replaces: Replica | undefined
  /** Whether another one will take its place. */
  replaced = false
  /** How often it was found to wait for what somebody does not hold. */
  readonly unheld = new Map<PartitionId, number>()
  readonly #host: ReplicaHost
  // Batches that asked for a checkpoint and at which the store has yet to stop.
  #owed: Sequence[] = []
  #flush: Flush | undefined = undefined
  #live = 0

  constructor(
    make: EngineMaker,
    options: Omit<EngineOptions, 'store' | 'owned'>,
    { store, partitions }: Disk,
    host: ReplicaHost,
    replaces?: Replica,
  ) {
    this.partitions = partitions
    this.extra = options.extra ?? new Set()
    this.store = store
    this.replaces = replaces
    this.#host = host
    this.engine = make({ ...options, store, owned: (partition) => partitions.includes(partition) })
    if (replaces !== undefined) replaces.replaced = true
  }

  /** Whether its store is not yet where its engine takes it to be. */
  get isFlushing(): boolean {
    return this.#flush !== undefined
  }

  deliver(entry: LogEntry, decoded: readonly Transaction[] | undefined): void {
    this.engine.deliver(entry, decoded)
    const live = this.engine.ownership.live.length
    if (live > this.#live) this.engine.askAgain()
    this.#live = live
    this.#settle()
  }

  receive(message: PeerMessage): void {
    this.engine.receive(message)
    this.#settle()
  }

  askAgain(): void {
    this.engine.askAgain()
    this.#settle()
  }

  /** Moves the state one stage on its way into the store, which stops at every checkpoint that is owed. */
  async persist(): Promise<void> {
    const flush = this.#flush
    if (flush === undefined) {
      const capture = this.engine.captureState(this.#owed[0])
      this.#flush = capture && { stage: 'captured', capture }
    } else if (flush.stage === 'captured') {
      await this.store.advance(flush.capture.changes())
      this.#flush = { stage: 'stored', capture: flush.capture }
    } else {
      this.engine.stateFlushed()
      this.#flush = undefined
      this.#pay(flush.capture.progress.sequence)
    }
    this.#settle()
  }

  /** Brings the store to where everything has resolved. */
  async persistAll(): Promise<void> {
    while (this.isFlushing || this.engine.captured.sequence < this.engine.resolvedBatch) await this.persist()
  }

  /** Gives up on checkpoints that a newer one has made needless. */
  forgive(through: Sequence): void {
    this.#owed = this.#owed.filter((sequence) => sequence > through)
  }

  /** Lets go of messages that a complete checkpoint covers. */
  trimMessages(through: Sequence): void {
    this.engine.trimMessages(through)
  }

  /** What is left of it after a crash. */
  disk(): Disk {
    const bytes = this.store.get(progressKey)
    const sequence = bytes === undefined ? 0 : decodeProgress(bytes).sequence
    const partitions = this.partitions.filter((partition) => this.engine.ownership.executesAt(partition, sequence))
    return { store: this.store, partitions }
  }

  /** What the engine and its store hold together, by key; for reports, after which it is of no further use. */
  contents(): ReadonlyMap<string, Uint8Array> {
    const contents = new Map<string, Uint8Array>()
    for (const { key, value } of this.store.scan('')) contents.set(key, value)
    const underway = this.#flush?.stage === 'captured' ? this.#flush.capture : undefined
    for (const capture of [underway, this.engine.captureState()])
      for (const { key, value } of capture?.changes() ?? [])
        if (value === undefined) contents.delete(key)
        else contents.set(key, value)
    return contents
  }

  #pay(sequence: Sequence): void {
    const owed = this.#owed[0]
    if (owed === undefined || owed > sequence) return
    this.#owed.shift()
    this.#host.checkpointed(this, owed)
  }

  #settle(): void {
    const effects = this.engine.takeEffects()
    this.#owed.push(...effects.checkpoints)
    for (const partition of effects.unheld) if (!this.unheld.has(partition)) this.unheld.set(partition, 0)
    this.#host.perform(this, effects)
  }
}
