// Checkpoints: the states of all partitions as of one `checkpoint` entry, as whoever executes them reports them. The
// newest complete one is what engines start from. Every report is held against the reference: a state as of a batch is
// the same wherever it was made.

import {
  MemoryStateStore,
  progressKey,
  viewKey,
  type PartitionId,
  type Sequence,
  type StateChange,
  type StateStore,
} from '@streamy-db/core'
import { keyPrefixes, partitionPrefix } from '@streamy-db/core/testing'
import type { Judge } from './judge.ts'

type Entries = ReadonlyMap<string, Uint8Array>

/** A checkpoint that may miss partitions. */
interface Gathering {
  readonly head: Entries
  readonly partitions: Map<PartitionId, Entries>
}

// Kept messages are no part of it: nobody asks for what a checkpoint covers.
const copied = [...keyPrefixes.hashed, keyPrefixes.timer]

/** The checkpoints of one case. */
export class Checkpoints {
  readonly #partitions: number
  readonly #judge: Judge
  readonly #gathering = new Map<Sequence, Gathering>()
  #last: Sequence = 0

  constructor(partitions: number, judge: Judge) {
    this.#partitions = partitions
    this.#judge = judge
  }

  /** The newest complete one; 0 is the beginning of the log. */
  get last(): Sequence {
    return this.#last
  }

  /** Takes the state of a partition as of batch `sequence` out of a store that stands there. */
  report(sequence: Sequence, partition: PartitionId, store: StateStore): void {
    const entries = new Map(
      copied.flatMap((kind) =>
        [...store.scan(partitionPrefix(kind, partition))].map(({ key, value }) => [key, value] as const),
      ),
    )
    this.#judge.captured(sequence, partition, entries)
    if (sequence <= this.#last) return
    const gathering = this.#gathering.get(sequence) ?? { head: headOf(store), partitions: new Map() }
    this.#gathering.set(sequence, gathering)
    gathering.partitions.set(partition, entries)
    if (gathering.partitions.size < this.#partitions) return
    this.#last = sequence
    for (const older of this.#gathering.keys()) if (older < sequence) this.#gathering.delete(older)
  }

  /** A store that holds these partitions as of the newest complete checkpoint. */
  async store(partitions: readonly PartitionId[]): Promise<MemoryStateStore> {
    const store = new MemoryStateStore()
    const gathering = this.#gathering.get(this.#last)
    if (gathering === undefined) return store
    const changes: StateChange[] = [
      gathering.head,
      ...partitions.map((each) => gathering.partitions.get(each)!),
    ].flatMap((entries) => [...entries].map(([key, value]) => ({ key, value })))
    await store.advance(changes)
    return store
  }
}

function headOf(store: StateStore): Entries {
  const head = new Map<string, Uint8Array>()
  for (const key of [progressKey, viewKey]) {
    const value = store.get(key)
    if (value !== undefined) head.set(key, value)
  }
  return head
}
