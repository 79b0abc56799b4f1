// ActorTable: the committed records of all actors of a worker, as one table for each type, so that a key is looked up
// as the caller wrote it: nothing is put together for a message to a single actor.

import type { ActorRecord } from './actor-record.ts'
import type { PartitionId, Position } from './position.ts'
import type { Program } from './program.ts'
import { decodeActorRecord, encodeActorRecord, keyPrefixes, partitionPrefix } from './state-format.ts'
import type { StateChange, StateStore } from './state-store.ts'
import { CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'
import type { StateCell } from './state-table.ts'
import { actorRef } from './transaction.ts'
import type { ActorRef } from './transaction.ts'

/** Where the records are kept and how. */
export interface ActorTableOptions {
  readonly program: Program
  readonly store: StateStore
  readonly sequential: boolean
  /** Bytes of clean actors kept in memory, by estimate and within a factor of two. */
  readonly cacheBytesMax: number
  readonly partitionOf: (ref: ActorRef) => PartitionId
}

/** Records by actor. */
export class ActorTable {
  readonly #options: ActorTableOptions
  readonly #budget: CellBudget
  readonly #types = new Map<string, StateTable<ActorRecord>>()
  // The last reference that was looked up, and the one before, with their cells: what a transaction loads it mostly puts
  // soon after, under the same reference.
  #latest: ActorRef | undefined = undefined
  #latestCell: StateCell<ActorRecord> | undefined = undefined
  #previous: ActorRef | undefined = undefined
  #previousCell: StateCell<ActorRecord> | undefined = undefined

  constructor(options: ActorTableOptions) {
    this.#options = options
    this.#budget = new CellBudget(options.cacheBytesMax)
  }

  /** Actors changed and not yet captured. */
  get changedCount(): number {
    let count = 0
    for (const table of this.#types.values()) count += table.changedCount
    return count
  }

  /** Records in memory that newer ones have replaced. */
  get olderCount(): number {
    let count = 0
    for (const table of this.#types.values()) count += table.olderCount
    return count
  }

  get(ref: ActorRef): ActorRecord | undefined {
    return this.#cell(ref).value
  }

  /** The record as of `position`: nothing before what was captured last can be read. */
  getAt(ref: ActorRef, position: Position): ActorRecord | undefined {
    return this.#table(ref.type).getAt(ref.key, position)
  }

  /** Puts a record; answers the one before it. */
  put(ref: ActorRef, record: ActorRecord | undefined, position: Position): ActorRecord | undefined {
    const cell = this.#cell(ref)
    const before = cell.value
    this.#table(ref.type).putCell(cell, record, position)
    return before
  }

  capture(position: Position): Iterable<StateChange>[] {
    this.#forgetEmpty()
    return [...this.#types.values()].map((table) => table.capture(position))
  }

  flushed(): void {
    for (const table of this.#types.values()) table.flushed()
  }

  /** Changes not yet stored, encoded; for hashing. */
  *unflushed(): Iterable<StateChange> {
    for (const [type, table] of this.#types) {
      for (const { key, value } of table.unflushed()) {
        const bytes = value === undefined ? undefined : this.#encode(actorRef(type, key), value)
        yield { key: this.#storageKey(actorRef(type, key)), value: bytes }
      }
    }
  }

  #cell(ref: ActorRef): StateCell<ActorRecord> {
    if (this.#latest === ref && !this.#latestCell!.isGone) return this.#latestCell!
    if (this.#previous === ref && !this.#previousCell!.isGone) return this.#previousCell!
    const cell = this.#table(ref.type).cell(ref.key)
    this.#previous = this.#latest
    this.#previousCell = this.#latestCell
    this.#latest = ref
    this.#latestCell = cell
    return cell
  }

  #table(type: string): StateTable<ActorRecord> {
    const known = this.#types.get(type)
    if (known !== undefined) return known
    const { program, store, sequential } = this.#options
    const table = new StateTable<ActorRecord>({
      store,
      sequential,
      storageKey: (key) => this.#storageKey(actorRef(type, key)),
      encode: (key, record) => this.#encode(actorRef(type, key), record),
      decode: (key, bytes) => decodeActorRecord(program, actorRef(type, key), bytes),
      budget: this.#budget,
    })
    this.#types.set(type, table)
    return table
  }

  #encode(ref: ActorRef, record: ActorRecord): Uint8Array {
    return encodeActorRecord(this.#options.program, ref, record)
  }

  #storageKey(ref: ActorRef): string {
    return partitionPrefix(keyPrefixes.actor, this.#options.partitionOf(ref)) + ref.id
  }

  // A log may name any number of types that do not exist.
  #forgetEmpty(): void {
    for (const [type, table] of this.#types) {
      if (table.size > 0) continue
      table.leaveBudget()
      this.#types.delete(type)
    }
  }
}
