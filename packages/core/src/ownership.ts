// Ownership: which partitions one engine executes, and from where on for real. An engine may execute a partition before
// it belongs to its worker, to be warm when it does, and must cease at the very batch at which it goes to another.
//
//   executed, not live  --the view gives it to this worker-->  live  --the view takes it away-->  left
//
// O1 What is executed changes only at the scan of a view, so it is a function of the log and of what the engine began with.
// O2 Replies and submissions are for the owner alone; messages to peers are sent by whoever executes the sender, since
//    everyone who does sends the same.

import { memberOf } from './membership.ts'
import type { View, WorkerIdentity } from './membership.ts'
import { endOfBatch, sequenceOf } from './position.ts'
import type { PartitionId, Position, Sequence } from './position.ts'

/** What an engine was started for, beyond what it executes. */
export interface OwnershipOptions {
  readonly extra?: ReadonlySet<PartitionId>
  readonly fromView?: number
}

const nobody: ReadonlySet<PartitionId> = new Set()

/** What an engine executes, and for whom; see O1 and O2. */
export class Ownership {
  readonly #worker: WorkerIdentity | undefined
  readonly #executed: Set<PartitionId>
  readonly #liveAfter = new Map<PartitionId, Position>()
  readonly #leftAt = new Map<PartitionId, Sequence>()
  readonly #extra: ReadonlySet<PartitionId>
  readonly #fromView: number

  /**
   * Without a worker there are no views and all of `executed` is live from the beginning. `extra` names those executed
   * only for what they send to the others: they are left once all others are live. Views before number `fromView` are
   * history: what belonged to this worker in them, and what it lost, is of no account.
   */
  constructor(
    executed: readonly PartitionId[],
    worker: WorkerIdentity | undefined,
    view: View,
    { extra = nobody, fromView = 0 }: OwnershipOptions = {},
  ) {
    this.#worker = worker
    this.#executed = new Set(executed)
    this.#extra = extra
    this.#fromView = fromView
    if (worker !== undefined && view.number < fromView) return
    for (const partition of executed)
      if (worker === undefined || isOwner(view, worker, partition)) this.#liveAfter.set(partition, 0)
  }

  /** Whether the engine executes a partition now, where its scan stands. */
  executes(partition: PartitionId): boolean {
    return this.#executed.has(partition)
  }

  get executesSome(): boolean {
    return this.#executed.size > 0
  }

  /** Whether it executes, or executed, a partition in batch `sequence`. */
  executesAt(partition: PartitionId, sequence: Sequence): boolean {
    if (this.#executed.has(partition)) return true
    const left = this.#leftAt.get(partition)
    return left !== undefined && sequence <= left
  }

  /** The partitions executed now, ascending. */
  get executed(): PartitionId[] {
    return [...this.#executed].sort((a, b) => a - b)
  }

  /** Those of them that belong to this worker, ascending. */
  get live(): PartitionId[] {
    return this.executed.filter((partition) => this.#liveAfter.has(partition))
  }

  /** Whether what a partition does at a position is this worker's to tell the world. */
  isLive(partition: PartitionId, position: Position): boolean {
    const after = this.#liveAfter.get(partition)
    if (after === undefined || position <= after) return false
    const left = this.#leftAt.get(partition)
    return left === undefined || sequenceOf(position) <= left
  }

  /** Whether a partition is this worker's where its scan stands. */
  isOwner(partition: PartitionId): boolean {
    return this.#executed.has(partition) && this.#liveAfter.has(partition)
  }

  /** Takes a new view, in force behind batch `sequence`; answers the partitions that are executed no more. */
  change(view: View, sequence: Sequence): PartitionId[] {
    const worker = this.#worker
    if (worker === undefined || view.number < this.#fromView) return []
    const lost = this.live.filter((partition) => !isOwner(view, worker, partition))
    for (const partition of this.#executed)
      if (!this.#liveAfter.has(partition) && isOwner(view, worker, partition))
        this.#liveAfter.set(partition, endOfBatch(sequence))
    const served = this.executed.every((partition) => this.#extra.has(partition) || this.#liveAfter.has(partition))
    const spare = served ? this.executed.filter((partition) => !this.#liveAfter.has(partition)) : []
    for (const partition of [...lost, ...spare]) {
      this.#executed.delete(partition)
      this.#leftAt.set(partition, sequence)
    }
    return [...lost, ...spare]
  }
}

function isOwner(view: View, worker: WorkerIdentity, partition: PartitionId): boolean {
  return view.owners[partition] === worker.name && memberOf(view, worker) !== undefined
}
