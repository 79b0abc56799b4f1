// The state shelf port: where a worker keeps the state stores of its replicas between its starts. One store for each
// replica; a store that is not complete, because its worker died while it was filled, has no replica record and is
// thrown away.

import { ByteReader, ByteWriter, MemoryStateStore } from '@streamy-db/core'
import type { PartitionId, StateStore } from '@streamy-db/core'

/** One store on the shelf. */
export interface ShelvedStore {
  readonly store: StateStore
  /** Closes the store and keeps it for the next start. */
  close(): Promise<void>
  /** Closes the store and removes it. */
  discard(): Promise<void>
}

/** Stores by the worker's own disk, or in memory. */
export interface StateShelf {
  /** Opens the stores that were left, by an earlier start or incarnation: all but those that are open. */
  existing(): Promise<readonly ShelvedStore[]>
  /** A new store, empty. */
  create(): Promise<ShelvedStore>
}

/** Key of the record that says what a store is of. */
export const replicaKey = 'replica'

/** What a replica's store is of. */
export interface ReplicaRecord {
  readonly databaseId: string
  readonly partitions: readonly PartitionId[]
}

export function encodeReplicaRecord({ databaseId, partitions }: ReplicaRecord): Uint8Array {
  const out = new ByteWriter()
  out.string(databaseId)
  out.varint(partitions.length)
  for (const partition of partitions) out.varint(partition)
  return out.take()
}

export function decodeReplicaRecord(bytes: Uint8Array): ReplicaRecord {
  const reader = new ByteReader(bytes)
  const record = { databaseId: reader.string(), partitions: reader.list(() => reader.varint()) }
  reader.finish()
  return record
}

/** A shelf that keeps nothing: after a restart everything comes from a checkpoint. */
export class MemoryStateShelf implements StateShelf {
  async existing(): Promise<readonly ShelvedStore[]> {
    return []
  }

  async create(): Promise<ShelvedStore> {
    const store = new MemoryStateStore()
    const close = (): Promise<void> => store.close()
    return { store, close, discard: close }
  }
}
