// Checkpoints: the state of every partition as of one batch, as objects in a checkpoint store (DESIGN §8). Each owner
// saves its partitions by itself; whoever finds that all are there writes the manifest, and with it the checkpoint is
// complete. One that nobody completes is abandoned for the next.
//
//   <batch>/partition-<n>    one partition
//   <batch>/manifest         what makes it complete
//
// CP1 The log is trimmed only below a complete checkpoint, and only what the one before it does not need either: a
//    worker whose own state is a little older can still catch up.

import {
  checkpointManifestName,
  checkpointOf,
  checkpointPartName,
  checkpointPrefix,
  StreamyError,
} from '@streamy-db/core'
import type { CheckpointStore, Log, PartitionId, Sequence, StateChange } from '@streamy-db/core'
import { decodeHead, decodePartition, encodeHead, encodePartition } from './checkpoint-format.ts'
import type { CheckpointHead } from './checkpoint-format.ts'

type Entries = Iterable<{ readonly key: string; readonly value: Uint8Array }>

const attemptsMax = 3

/** The checkpoints of one database; see CP1. */
export class Checkpoints {
  readonly #store: CheckpointStore

  constructor(store: CheckpointStore) {
    this.#store = store
  }

  /** The complete checkpoints, as the batches they are of, ascending. */
  async complete(): Promise<Sequence[]> {
    return completeIn(await this.#store.list(''))
  }

  /**
   * What the newest complete checkpoint is of, from which on the log can be read; undefined when there is none, and the log
   * holds its beginning. Throws CHECKPOINT_MISSING when nothing holds what was trimmed.
   */
  async newest(log: Log): Promise<CheckpointHead | undefined> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#newest()
      if ((await log.first()) <= (found?.progress.sequence ?? 0) + 1) return found
      // Those that it was trimmed for may have been completed since the first look.
      if (attempt === attemptsMax) throw nothingHoldsTheBeginning()
    }
  }

  /** What a complete checkpoint is of. */
  async head(sequence: Sequence): Promise<CheckpointHead> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.#store.get(checkpointManifestName(sequence))) chunks.push(chunk)
    return decodeHead(Buffer.concat(chunks))
  }

  async #newest(): Promise<CheckpointHead | undefined> {
    for (;;) {
      const sequence = (await this.complete()).at(-1)
      if (sequence === undefined) return undefined
      try {
        return await this.head(sequence)
      } catch (error) {
        // Newer ones push out older ones while those are read.
        if (!(error instanceof StreamyError) || error.code !== 'CHECKPOINT_MISSING') throw error
      }
    }
  }

  /** Saves one partition, unless somebody has. */
  async save(head: CheckpointHead, entries: Entries): Promise<void> {
    const name = checkpointPartName(head.progress.sequence, head.partition)
    if ((await this.#store.list(name)).length > 0) return
    await this.#store.put(name, encodePartition(head, entries))
  }

  /** Completes a checkpoint when every partition is there; says whether it is complete now. */
  async completeIfWhole(head: CheckpointHead): Promise<boolean> {
    const { sequence } = head.progress
    if ((await this.#store.list(checkpointManifestName(sequence))).length > 0) return true
    const parts = await this.#store.list(`${checkpointPrefix(sequence)}partition-`)
    if (parts.length < head.database.partitions) return false
    await this.#store.put(checkpointManifestName(sequence), [encodeHead({ ...head, partition: 0 })])
    return true
  }

  /** The entries of one partition of a complete checkpoint, in slices. */
  async *load(sequence: Sequence, partition: PartitionId): AsyncIterable<readonly StateChange[]> {
    const { changes } = await decodePartition(this.#store.get(checkpointPartName(sequence, partition)))
    yield* changes
  }

  /** Removes what lies below the last two complete checkpoints; answers the older of them, below which nobody reads. */
  async collect(): Promise<Sequence | undefined> {
    const names = await this.#store.list('')
    const [oldest, newest] = completeIn(names).slice(-2)
    if (oldest === undefined || newest === undefined) return undefined
    const old = names.filter((name) => (checkpointOf(name) ?? oldest) < oldest)
    // Manifests first: what is half gone must not look complete.
    for (const name of old.filter(isManifest)) await this.#store.delete(name)
    for (const name of old) await this.#store.delete(name)
    return oldest
  }
}

/** The error for a log whose beginning is gone. */
export function nothingHoldsTheBeginning(): StreamyError {
  return new StreamyError(
    'CHECKPOINT_MISSING',
    'The log was trimmed, and there is no complete checkpoint of what was in it. Restore the checkpoint store.',
  )
}

function completeIn(names: readonly string[]): Sequence[] {
  return names.filter(isManifest).map((name) => checkpointOf(name)!)
}

function isManifest(name: string): boolean {
  const sequence = checkpointOf(name)
  return sequence !== undefined && name === checkpointManifestName(sequence)
}
