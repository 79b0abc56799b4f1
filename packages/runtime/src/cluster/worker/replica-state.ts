// ReplicaState: finds the state from which a replica for some partitions can start: what an earlier start of this worker
// left on its shelf, the newest complete checkpoint, or the beginning of the log.

import { crc32 } from 'node:zlib'
import {
  MemoryStateStore,
  StreamyError,
  decodeHeld,
  decodeProgress,
  encodeProgress,
  encodeView,
  heldKey,
  ByteWriter,
  progressKey,
  viewKey,
} from '@streamy-db/core'
import type { Log, LogEntry, PartitionId, Progress, Sequence, StateChange, StateStore, View } from '@streamy-db/core'
import type { DatabaseRecord } from '../../database-record.ts'
import type { Checkpoints } from './checkpoints.ts'
import { decodeReplicaRecord, encodeReplicaRecord, replicaKey } from './state-shelf.ts'
import type { ShelvedStore, StateShelf } from './state-shelf.ts'

/** Where states come from. */
export interface ReplicaStateOptions {
  readonly log: Log
  readonly checkpoints: Checkpoints
  readonly shelf: StateShelf
  readonly database: DatabaseRecord
}

/** A state to start from, and the partitions it is of. */
export interface PreparedState {
  readonly shelved: ShelvedStore
  readonly partitions: readonly PartitionId[]
}

const attemptsMax = 5

/** Finds and fills state stores. */
export class ReplicaState {
  readonly #options: ReplicaStateOptions
  #existing: ShelvedStore[] | undefined

  constructor(options: ReplicaStateOptions) {
    this.#options = options
  }

  /**
   * The state of at least one of `partitions`. `fresh` leaves out what is on the shelf. Throws LOG_DIVERGED when the log
   * is not the one a state was made from, CHECKPOINT_MISSING when the log was trimmed and nothing holds its beginning.
   */
  async prepare(partitions: readonly PartitionId[], fresh: boolean): Promise<PreparedState> {
    if (!fresh) {
      const found = await this.#fromShelf(partitions)
      if (found !== undefined) return found
    }
    return await this.#fromCheckpoint(partitions)
  }

  /** How far somebody who executes nothing can start: the newest place of which the view is known. */
  async observe(): Promise<StateStore> {
    const { checkpoints, log } = this.#options
    const store = new MemoryStateStore()
    const head = await checkpoints.newest()
    if (head !== undefined) await store.advance(headChanges(head.progress, head.view))
    else if ((await log.first()) > 1) throw nothingHoldsTheBeginning()
    return store
  }

  /** Throws away what is left on the shelf and was not asked for. */
  async discardRest(): Promise<void> {
    const rest = await this.#shelved()
    this.#existing = []
    for (const shelved of rest) await shelved.discard()
  }

  /** Closes what is left on the shelf. */
  async close(): Promise<void> {
    for (const shelved of this.#existing ?? []) await shelved.close()
    this.#existing = []
  }

  async #shelved(): Promise<ShelvedStore[]> {
    this.#existing ??= [...(await this.#options.shelf.existing())]
    return this.#existing
  }

  async #fromShelf(partitions: readonly PartitionId[]): Promise<PreparedState | undefined> {
    const existing = await this.#shelved()
    for (const shelved of existing.slice()) {
      const held = await this.#heldBy(shelved.store)
      const wanted = partitions.filter((partition) => held.includes(partition))
      if (held.length > 0 && wanted.length === 0) continue
      existing.splice(existing.indexOf(shelved), 1)
      if (wanted.length > 0) return { shelved, partitions: wanted }
      await shelved.discard()
    }
    return undefined
  }

  // None when it is of another database, incomplete, or older than the log.
  async #heldBy(store: StateStore): Promise<readonly PartitionId[]> {
    const { database, log } = this.#options
    const record = store.get(replicaKey)
    const progress = store.get(progressKey)
    if (record === undefined || progress === undefined) return []
    const { databaseId, partitions } = decodeReplicaRecord(record)
    if (databaseId !== database.id) return []
    // What its engine has left since is there as it was then.
    const held = store.get(heldKey)
    const current = held === undefined ? partitions : decodeHeld(held)
    return (await followsOn(log, decodeProgress(progress))) ? current : []
  }

  async #fromCheckpoint(partitions: readonly PartitionId[]): Promise<PreparedState> {
    for (let attempt = 1; ; attempt++) {
      const shelved = await this.#options.shelf.create()
      try {
        await this.#fill(shelved.store, partitions)
        return { shelved, partitions }
      } catch (error) {
        await shelved.discard()
        // Newer checkpoints push out older ones while those are read.
        if (attempt === attemptsMax || !(error instanceof StreamyError) || error.code !== 'CHECKPOINT_MISSING')
          throw error
      }
    }
  }

  async #fill(store: StateStore, partitions: readonly PartitionId[]): Promise<void> {
    const { checkpoints, database, log } = this.#options
    const record: StateChange = {
      key: replicaKey,
      value: encodeReplicaRecord({ databaseId: database.id, partitions }),
    }
    const head = await checkpoints.newest()
    if (head === undefined) {
      if ((await log.first()) > 1) throw nothingHoldsTheBeginning()
      await store.advance([record])
      return
    }
    if (!(await followsOn(log, head.progress))) throw nothingHoldsTheBeginning()
    for (const partition of partitions)
      for await (const changes of checkpoints.load(head.progress.sequence, partition)) await store.advance(changes)
    // Last, so that a store that was filled half way is known by what it lacks.
    await store.advance([record, ...headChanges(head.progress, head.view)])
  }
}

/** What a store holds of how far it has come. */
export function headChanges(progress: Progress, view: View): StateChange[] {
  const out = new ByteWriter()
  encodeView(out, view)
  return [
    { key: progressKey, value: encodeProgress(progress) },
    { key: viewKey, value: out.take() },
  ]
}

/** Whether the log goes on from a state. Throws LOG_DIVERGED when it is another log (L6). */
export async function followsOn(log: Log, { sequence, logHash }: Progress): Promise<boolean> {
  const tail = await log.tail()
  if (sequence > tail) throw diverged(`A state holds batch ${sequence}, and the log ends at ${tail}`)
  const first = await log.first()
  if (sequence >= first && sequence > 0 && crc32((await readEntry(log, sequence)).bytes) !== logHash)
    throw diverged(`Batch ${sequence} of the log is not the one a state was made of`)
  return sequence + 1 >= first
}

async function readEntry(log: Log, sequence: Sequence): Promise<LogEntry> {
  for await (const [entry] of log.read(sequence)) if (entry !== undefined) return entry
  throw diverged(`Batch ${sequence} of the log cannot be read`)
}

function diverged(what: string): StreamyError {
  const message = `${what}. Log, checkpoints and workers' directories must belong together: restore all of them, or remove the worker's directory.`
  return new StreamyError('LOG_DIVERGED', message)
}

/** The error for a log that was trimmed without anything that holds what it began with. */
export function nothingHoldsTheBeginning(): StreamyError {
  return new StreamyError(
    'CHECKPOINT_MISSING',
    'The log was trimmed, and there is no complete checkpoint of what was in it. Restore the checkpoint store.',
  )
}
