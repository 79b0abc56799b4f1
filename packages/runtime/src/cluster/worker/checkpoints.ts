// Checkpoints: the state of every partition as of one batch, as objects in a checkpoint store (DESIGN §8). Each owner
// saves its partitions by itself; whoever finds that all are there writes the manifest, and with it the checkpoint is
// complete. One that nobody completes is abandoned for the next.
//
//   part-<batch>-<partition>    one partition
//   complete-<batch>            the manifest
//
// C1 The log is trimmed only below a complete checkpoint, and only what the one before it does not need either: a
//    worker whose own state is a little older can still catch up.

import type { CheckpointStore, PartitionId, Sequence, StateChange } from '@streamy-db/core'
import { decodeHead, decodePartition, encodeHead, encodePartition } from './checkpoint-format.ts'
import type { CheckpointHead } from './checkpoint-format.ts'

type Entries = Iterable<{ readonly key: string; readonly value: Uint8Array }>

/** The checkpoints of one database; see C1. */
export class Checkpoints {
  readonly #store: CheckpointStore

  constructor(store: CheckpointStore) {
    this.#store = store
  }

  /** The complete checkpoints, as the batches they are of, ascending. */
  async complete(): Promise<Sequence[]> {
    return (await this.#store.list('complete-')).map((name) => Number.parseInt(name.slice('complete-'.length), 16))
  }

  /** What the newest complete checkpoint is of; undefined when there is none. */
  async newest(): Promise<CheckpointHead | undefined> {
    const sequence = (await this.complete()).at(-1)
    return sequence === undefined ? undefined : this.head(sequence)
  }

  /** What a complete checkpoint is of. */
  async head(sequence: Sequence): Promise<CheckpointHead> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.#store.get(manifestName(sequence))) chunks.push(chunk)
    return decodeHead(Buffer.concat(chunks))
  }

  /** Saves one partition, unless somebody has. */
  async save(head: CheckpointHead, entries: Entries): Promise<void> {
    const name = partName(head.progress.sequence, head.partition)
    if ((await this.#store.list(name)).length > 0) return
    await this.#store.put(name, encodePartition(head, entries))
  }

  /** Completes a checkpoint when every partition is there; says whether it is complete now. */
  async completeIfWhole(head: CheckpointHead): Promise<boolean> {
    const { sequence } = head.progress
    if ((await this.#store.list(manifestName(sequence))).length > 0) return true
    const parts = await this.#store.list(partName(sequence))
    if (parts.length < head.database.partitions) return false
    await this.#store.put(manifestName(sequence), [encodeHead({ ...head, partition: 0 })])
    return true
  }

  /** The entries of one partition of a complete checkpoint, in slices. */
  async *load(sequence: Sequence, partition: PartitionId): AsyncIterable<readonly StateChange[]> {
    const { changes } = await decodePartition(this.#store.get(partName(sequence, partition)))
    yield* changes
  }

  /** Removes what lies below the last two complete checkpoints; answers the older of them, below which nobody reads. */
  async collect(): Promise<Sequence | undefined> {
    const kept = (await this.complete()).slice(-2)
    const oldest = kept[0]
    if (oldest === undefined || kept.length < 2) return undefined
    for (const name of [...(await this.#store.list('complete-')), ...(await this.#store.list('part-'))])
      if (sequenceIn(name) < oldest) await this.#store.delete(name)
    return oldest
  }
}

function manifestName(sequence: Sequence): string {
  return `complete-${hex(sequence)}`
}

function partName(sequence: Sequence, partition?: PartitionId): string {
  return `part-${hex(sequence)}-${partition === undefined ? '' : partition.toString(16).padStart(4, '0')}`
}

function sequenceIn(name: string): Sequence {
  return Number.parseInt(name.split('-')[1]!, 16)
}

function hex(sequence: Sequence): string {
  return sequence.toString(16).padStart(14, '0')
}
