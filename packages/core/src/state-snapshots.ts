// StateSnapshots: the committed records as of some moment, for readers that take their time. Records are immutable, so a
// snapshot needs to keep only what was there before each record that was put since; all else it reads from the table.
// While none is open, a commit pays one comparison.

import type { ActorRecord } from './actor-record.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { ActorRef } from './transaction.ts'

/** The records as of when it was opened. */
export interface StateSnapshot {
  /** Throws SNAPSHOT_EXPIRED once it was closed, or had to give way. */
  record(ref: ActorRef): ActorRecord | undefined
  close(): void
}

/** All open snapshots of one state. */
export class StateSnapshots {
  readonly #current: (ref: ActorRef) => ActorRecord | undefined
  // What was there before: by snapshot, in the order in which they were opened.
  readonly #open = new Set<Map<string, ActorRecord | undefined>>()

  constructor(current: (ref: ActorRef) => ActorRecord | undefined) {
    this.#current = current
  }

  get count(): number {
    return this.#open.size
  }

  open(): StateSnapshot {
    const before = new Map<string, ActorRecord | undefined>()
    for (const oldest of this.#open) {
      if (this.#open.size < limits.snapshotsOpenMax) break
      this.#close(oldest)
    }
    this.#open.add(before)
    return { record: (ref) => this.#record(before, ref), close: () => this.#close(before) }
  }

  /** Takes note of the record that another has just replaced. */
  keep(ref: ActorRef, replaced: ActorRecord | undefined): void {
    for (const before of this.#open) {
      if (before.has(ref.id)) continue
      if (before.size >= limits.snapshotRecordsMax) this.#close(before)
      else before.set(ref.id, replaced)
    }
  }

  #record(before: Map<string, ActorRecord | undefined>, ref: ActorRef): ActorRecord | undefined {
    if (!this.#open.has(before)) throw expired()
    return before.has(ref.id) ? before.get(ref.id) : this.#current(ref)
  }

  #close(before: Map<string, ActorRecord | undefined>): void {
    this.#open.delete(before)
    before.clear()
  }
}

function expired(): StreamyError {
  return new StreamyError(
    'SNAPSHOT_EXPIRED',
    'The snapshot was closed, or too much has changed since it was opened. Open another and read again.',
  )
}
