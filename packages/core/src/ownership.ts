// Ownership: which partitions one engine executes, and from where on for real. An engine may execute a partition before
// it belongs to its worker, to be warm when it does, and must cease at the very batch at which it goes to another.
//
//   executed, not live  --the view gives it to this worker-->  live  --the view takes it away-->  left
//                       <--the same, while the engine only catches up--'
//
// O1 What is executed changes only behind a batch, as the log and what the engine began with say.
// O2 Replies and submissions are for the owner alone; messages to peers are sent by whoever executes the sender, since
//    everyone who does sends the same.
// O3 While an engine catches up it leaves nothing: a later view may give back what an earlier one takes away, and
//    messages that it already missed once will be missed again.

import { memberOf, targetsOf } from './membership.ts'
import type { View, WorkerIdentity } from './membership.ts'
import { endOfBatch, sequenceOf } from './position.ts'
import type { PartitionId, Position, Sequence } from './position.ts'

/** Whose engine it is and what it begins with. */
export interface OwnershipOptions {
  /** Without one there are no views, and all of `executed` is live from the beginning. */
  readonly worker?: WorkerIdentity
  readonly executed: readonly PartitionId[]
  /** Those executed only for what they send to the others: left once it has caught up and all others are live. */
  readonly extra?: ReadonlySet<PartitionId>
  /** The batch up to which it only catches up (O3). */
  readonly catchUpTo?: Sequence
  /** In force where it begins. */
  readonly view: View
}

// While a partition is the worker's: behind the position `after`, up to the end of the batch `until`.
interface Term {
  readonly after: Position
  until: Sequence | undefined
}

const nothing: ReadonlySet<PartitionId> = new Set()
const none: readonly PartitionId[] = []

/** What an engine executes, and for whom; see O1 to O3. */
export class Ownership {
  readonly #worker: WorkerIdentity | undefined
  readonly #executed: Set<PartitionId>
  readonly #terms = new Map<PartitionId, Term[]>()
  readonly #leftAt = new Map<PartitionId, Sequence>()
  readonly #extra: Set<PartitionId>
  readonly #catchUpTo: Sequence
  // Meant for another worker, which is bringing itself up to date with them or has taken them over.
  readonly #handedOver = new Set<PartitionId>()

  constructor({ worker, executed, extra = nothing, catchUpTo = 0, view }: OwnershipOptions) {
    this.#worker = worker
    this.#executed = new Set(executed)
    this.#extra = new Set(executed.filter((partition) => extra.has(partition)))
    this.#catchUpTo = catchUpTo
    for (const partition of executed)
      if (worker === undefined || isOwner(view, worker, partition)) this.#begin(partition, 0)
    if (worker !== undefined) this.#noteTargets(view, worker)
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
    return this.executed.filter((partition) => this.isOwner(partition))
  }

  /** Whether what a partition does at a position is this worker's to tell the world. */
  isLive(partition: PartitionId, position: Position): boolean {
    const terms = this.#terms.get(partition)
    if (terms === undefined) return false
    for (const { after, until } of terms)
      if (position > after && (until === undefined || sequenceOf(position) <= until)) return true
    return false
  }

  /**
   * Whether a partition is executed here for everyone, at a position: then nobody else needs what others send it. One that
   * is to be handed over is executed by its next owner too.
   */
  serves(partition: PartitionId, position: Position): boolean {
    return this.isLive(partition, position) && !this.#handedOver.has(partition)
  }

  /** Whether a partition is this worker's where its scan stands. */
  isOwner(partition: PartitionId): boolean {
    return this.#openTerm(partition) !== undefined
  }

  /** Takes a new view, in force behind batch `sequence`; answers the partitions that are executed no more. */
  change(view: View, sequence: Sequence): readonly PartitionId[] {
    const worker = this.#worker
    if (worker === undefined) return none
    this.#noteTargets(view, worker)
    const lost: PartitionId[] = []
    for (const partition of this.executed) {
      const term = this.#openTerm(partition)
      const owner = isOwner(view, worker, partition)
      if (owner && term === undefined) this.#begin(partition, endOfBatch(sequence))
      if (owner || term === undefined) continue
      term.until = sequence
      if (sequence > this.#catchUpTo) lost.push(partition)
    }
    return this.#leave(lost, sequence)
  }

  /** Has scanned batch `sequence` to its end; answers the extra partitions that are executed no more. */
  passed(sequence: Sequence): readonly PartitionId[] {
    if (this.#extra.size === 0 || sequence < this.#catchUpTo) return none
    const served = this.executed.every((partition) => this.#extra.has(partition) || this.isOwner(partition))
    if (!served) return none
    const spare = this.executed.filter((partition) => !this.isOwner(partition))
    this.#extra.clear()
    return this.#leave(spare, sequence)
  }

  // Of those that were left nothing changes any more: what is under way there is still wanted elsewhere.
  #noteTargets(view: View, worker: WorkerIdentity): void {
    const targets = targetsOf(view)
    for (const partition of this.#executed)
      if (targets[partition] === worker.name) this.#handedOver.delete(partition)
      else this.#handedOver.add(partition)
  }

  #begin(partition: PartitionId, after: Position): void {
    const terms = this.#terms.get(partition)
    const term: Term = { after, until: undefined }
    if (terms === undefined) this.#terms.set(partition, [term])
    else terms.push(term)
  }

  #openTerm(partition: PartitionId): Term | undefined {
    const last = this.#terms.get(partition)?.at(-1)
    return last?.until === undefined ? last : undefined
  }

  #leave(partitions: readonly PartitionId[], sequence: Sequence): readonly PartitionId[] {
    for (const partition of partitions) {
      this.#executed.delete(partition)
      this.#leftAt.set(partition, sequence)
    }
    return partitions
  }
}

function isOwner(view: View, worker: WorkerIdentity, partition: PartitionId): boolean {
  return view.owners[partition] === worker.name && memberOf(view, worker) !== undefined
}
