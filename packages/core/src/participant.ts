// Participant: one partition's share of a transaction over several actors, on the worker that owns the partition. It
// queues the nodes, gathers the captured records, and knows when all have been captured and when all are done.

import type { ActorRecord } from './actor-record.ts'
import { LockNode, noWrite } from './key-transaction-processor.ts'
import type { PartitionId, Position } from './position.ts'
import type { TransactionHost } from './transaction-host.ts'
import type { ActorRef, Touch } from './transaction.ts'

/** A share's callbacks. */
export interface ParticipantEvents {
  /** All actors' values as of the transaction are known. */
  captured(participant: Participant): void
  /** All its nodes have left their queues. */
  done(): void
}

/** The share of one local partition. */
export class Participant {
  readonly partition: PartitionId
  readonly records = new Map<string, { readonly ref: ActorRef; readonly record: ActorRecord | undefined }>()
  readonly #host: TransactionHost
  readonly #events: ParticipantEvents
  readonly #writers: { readonly ref: ActorRef; readonly node: LockNode }[] = []
  readonly #touches: readonly Touch[]
  #capturing: number
  #pending: number

  constructor(host: TransactionHost, partition: PartitionId, touches: readonly Touch[], events: ParticipantEvents) {
    this.#host = host
    this.partition = partition
    this.#touches = touches
    this.#events = events
    this.#capturing = touches.length
    this.#pending = touches.length
  }

  get allCaptured(): boolean {
    return this.#capturing === 0
  }

  get allDone(): boolean {
    return this.#pending === 0
  }

  enqueue(position: Position): void {
    for (const { ref, mode } of this.#touches) {
      const captured = (record: ActorRecord | undefined): void => this.#capture(ref, mode, record)
      const node =
        mode === 'read'
          ? new LockNode(position, { kind: 'read', captured })
          : new LockNode(position, { kind: 'write', captured, done: () => this.#finish() })
      if (mode === 'write') this.#writers.push({ ref, node })
      this.#host.enqueue(ref, node)
    }
  }

  /** Resolves all writers: those that `writes` names with its record, the others with nothing. */
  resolve(writes: ReadonlyMap<string, ActorRecord | undefined>): void {
    for (const { ref, node } of this.#writers) {
      const resolution = writes.has(ref.id) ? ({ kind: 'write', record: writes.get(ref.id) } as const) : noWrite
      node.resolve(resolution)
      this.#host.wake(ref)
    }
  }

  #capture(ref: ActorRef, mode: Touch['mode'], record: ActorRecord | undefined): void {
    this.records.set(ref.id, { ref, record })
    this.#capturing -= 1
    if (mode === 'read') this.#pending -= 1
    if (this.#capturing === 0) this.#events.captured(this)
    if (mode === 'read') this.#events.done()
  }

  #finish(): void {
    this.#pending -= 1
    this.#events.done()
  }
}

/** A footprint by partition, partitions ascending. */
export function byPartition(host: TransactionHost, footprint: readonly Touch[]): Map<PartitionId, Touch[]> {
  const groups = new Map<PartitionId, Touch[]>()
  for (const touch of footprint) {
    const partition = host.partitionOf(touch.ref)
    const group = groups.get(partition)
    if (group === undefined) groups.set(partition, [touch])
    else group.push(touch)
  }
  return new Map([...groups].sort(([a], [b]) => a - b))
}
