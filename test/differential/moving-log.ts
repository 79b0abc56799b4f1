// MovingLog: the log of a case in which partitions move, with the view behind every batch, and who may speak for a
// partition there. The views are worked out from the entries alone, as every reader does.

import {
  ByteReader,
  MalformedBytes,
  changeView,
  controlBody,
  decodeChange,
  firstView,
  homeOf,
  memberOf,
  openBatch,
  transactionIn,
  transactionsOf,
  indexOf,
  sequenceOf,
  type LogEntry,
  type PartitionId,
  type Position,
  type Sequence,
  type View,
  type WorkerIdentity,
} from '@streamy-db/core'

/** Entries and views. */
export class MovingLog {
  readonly #partitions: number
  readonly #entries: LogEntry[] = []
  // By sequence: the view behind that batch.
  readonly #views: View[]
  #first: Sequence = 1

  constructor(partitions: number) {
    this.#partitions = partitions
    this.#views = [firstView(partitions, '')]
  }

  get tail(): Sequence {
    return this.#entries.length
  }

  /** The oldest entry that can still be read. */
  get first(): Sequence {
    return this.#first
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry)
    this.#views.push(viewAfter(this.#views.at(-1)!, entry))
  }

  /** Forgets what lies before a batch. */
  trim(before: Sequence): void {
    this.#first = Math.max(this.#first, before)
  }

  /** An entry that was appended and not trimmed. */
  read(sequence: Sequence): LogEntry | undefined {
    return sequence < this.#first ? undefined : this.#entries[sequence - 1]
  }

  /** The view in force behind a batch. */
  viewBehind(sequence: Sequence): View {
    return this.#views[sequence]!
  }

  /** The home of the transaction at a position. */
  homeAt(position: Position): PartitionId {
    const batch = openBatch(this.#entries[sequenceOf(position) - 1]!.bytes)
    if (batch.kind !== 'transactions') throw new Error(`Nothing can be answered at ${position}.`)
    const index = indexOf(position) - 1
    return homeOf(transactionIn(batch, transactionsOf(batch)[index]!), this.#partitions)
  }

  /** Whether a partition belongs to this worker in the batch of a position (O2). */
  owns(worker: WorkerIdentity, partition: PartitionId, position: Position): boolean {
    const view = this.viewBehind(sequenceOf(position) - 1)
    return view.owners[partition] === worker.name && memberOf(view, worker) !== undefined
  }
}

function viewAfter(view: View, entry: LogEntry): View {
  if (entry.restrictedTo !== undefined) return view
  const batch = openBatch(entry.bytes)
  if (batch.kind !== 'member') return view
  try {
    return changeView(view, decodeChange(new ByteReader(controlBody(batch))))
  } catch (error) {
    if (error instanceof MalformedBytes) return view
    throw error
  }
}
