// StateTable: one kind of replicated state in memory, over the state store. It answers with the newest committed
// value, and hands a flush the value as of an earlier position, so that a store always holds the state as of one
// position while execution goes on (DESIGN §8). Clean cells may be evicted; changed ones stay until they are flushed.
//
//   written --> changed --capture--> flushing --flushed--> clean --evict--> only in the store
//
// T1 `get` answers the newest value put, wherever it lies.
// T2 A capture as of p holds, of every changed key, the newest value put at or before p, and nothing later.
// T3 A value put behind a newer one (at a lower position) never becomes the answer of `get`.
// T4 `getAt` answers the value as of the end of any batch from the last captured one on; where puts are sequential, only
//    of the newest.

import { sequenceOf } from './position.ts'
import type { Position } from './position.ts'
import type { StateChange, StateStore } from './state-store.ts'

/** How a table's values are stored. */
export interface StateTableOptions<Value> {
  readonly store: StateStore
  /** The key in the store of a key of the table. */
  readonly storageKey: (key: string) => string
  readonly encode: (key: string, value: Value) => Uint8Array
  readonly decode: (key: string, bytes: Uint8Array) => Value
  /** Bounds the clean cells in memory; changed ones come on top. */
  readonly budget: CellBudget
  /** Whether every put comes when everything before it is resolved and captured whole (P = 1): no value is older. */
  readonly sequential: boolean
}

interface Version<Value> {
  readonly position: Position
  readonly value: Value | undefined
}

/** Bounds the clean cells of one or several tables, within a factor of two. */
export class CellBudget {
  readonly #cellsMax: number
  readonly #ages = new Set<() => void>()
  #young = 0

  constructor(cellsMax: number) {
    this.#cellsMax = cellsMax
  }

  /** Has `age` called whenever what was not used since the last time is to be let go; the answer ends that. */
  onFull(age: () => void): () => void {
    this.#ages.add(age)
    return () => this.#ages.delete(age)
  }

  /** Counts a cell that was used for the first time since then. */
  count(): void {
    this.#young += 1
    if (this.#young * 2 < this.#cellsMax) return
    this.#young = 0
    for (const age of this.#ages) age()
  }
}

/** One key in memory. */
export class StateCell<Value> {
  readonly key: string
  /** The newest committed value; undefined when absent. */
  value: Value | undefined
  /** Where `value` was put, while it is not flushed; 0 when clean. */
  changedAt: Position = 0
  /** Values older than `value` that a flush may still have to write, ascending; only where transactions overlap. */
  older: Version<Value>[] | undefined = undefined

  constructor(key: string, value: Value | undefined) {
    this.key = key
    this.value = value
  }
}

interface Flushing<Value> {
  readonly cell: StateCell<Value>
  readonly value: Value | undefined
}

/** One kind of state; see T1 to T3. */
export class StateTable<Value> {
  /** To be called when the table is dropped before its budget is. */
  readonly leaveBudget: () => void
  readonly #options: StateTableOptions<Value>
  // Two generations make an approximate LRU without per-access bookkeeping: a hit in the old one moves to the new.
  #young = new Map<string, StateCell<Value>>()
  #old = new Map<string, StateCell<Value>>()
  #changed = new Map<string, StateCell<Value>>()
  #flushing = new Map<string, Flushing<Value>>()

  constructor(options: StateTableOptions<Value>) {
    this.#options = options
    this.leaveBudget = options.budget.onFull(() => this.#age())
  }

  /** Keys in memory, old ones perhaps twice. */
  get size(): number {
    return this.#young.size + this.#old.size + this.#changed.size + this.#flushing.size
  }

  /** Keys changed and not yet captured. */
  get changedCount(): number {
    return this.#changed.size
  }

  get(key: string): Value | undefined {
    return this.cell(key).value
  }

  /** The newest value put at or before `position`, which lies at or behind the last capture (T4). */
  getAt(key: string, position: Position): Value | undefined {
    const cell = this.cell(key)
    if (cell.changedAt <= position) return cell.value
    const older = cell.older?.findLast((version) => version.position <= position)
    if (older !== undefined) return older.value
    const flushing = this.#flushing.get(key)
    return flushing === undefined ? this.#load(key).value : flushing.value
  }

  /** The cell of a key, loaded when it is not in memory. Do not hold it across an eviction: ask again. */
  cell(key: string): StateCell<Value> {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const cell = this.#old.get(key) ?? this.#changed.get(key) ?? this.#flushing.get(key)?.cell ?? this.#load(key)
    this.#young.set(key, cell)
    this.#options.budget.count()
    return cell
  }

  /** Puts a value at a position. */
  put(key: string, value: Value | undefined, position: Position): void {
    this.putCell(this.cell(key), value, position)
  }

  /** `put` for a cell just asked for. */
  putCell(cell: StateCell<Value>, value: Value | undefined, position: Position): void {
    if (position < cell.changedAt) return putBehind(cell, value, position)
    if (cell.changedAt === 0) this.#changed.set(cell.key, cell)
    else if (!this.#options.sequential) keepOlder(cell, position)
    cell.value = value
    cell.changedAt = position
  }

  /** Takes what a flush as of `position` must write (T2). One capture at a time; `flushed` ends it. */
  capture(position: Position): Iterable<StateChange> {
    const changed = this.#changed
    this.#changed = new Map()
    for (const cell of changed.values()) this.#captureCell(cell, position)
    return this.#encodeFlushing()
  }

  /** The captured changes are in the store. What is absent there needs no cell that says so. */
  flushed(): void {
    for (const [key, { cell, value }] of this.#flushing)
      if (value === undefined && cell.changedAt === 0) this.#drop(key)
    this.#flushing = new Map()
  }

  /** Changes not yet in the store, newest values; for hashing and enumeration. */
  *unflushed(): Iterable<{ readonly key: string; readonly value: Value | undefined }> {
    for (const [key, { value }] of this.#flushing) if (!this.#changed.has(key)) yield { key, value }
    for (const cell of this.#changed.values()) yield { key: cell.key, value: cell.value }
  }

  #captureCell(cell: StateCell<Value>, position: Position): void {
    if (cell.changedAt <= position) {
      this.#flushing.set(cell.key, { cell, value: cell.value })
      cell.changedAt = 0
      cell.older = undefined
      return
    }
    this.#changed.set(cell.key, cell)
    const older = cell.older ?? []
    const index = older.findLastIndex((version) => version.position <= position)
    if (index < 0) return
    this.#flushing.set(cell.key, { cell, value: older[index]!.value })
    cell.older = older.slice(index + 1)
  }

  *#encodeFlushing(): Iterable<StateChange> {
    const { storageKey, encode } = this.#options
    for (const [key, { value }] of this.#flushing)
      yield { key: storageKey(key), value: value === undefined ? undefined : encode(key, value) }
  }

  #load(key: string): StateCell<Value> {
    const bytes = this.#options.store.get(this.#options.storageKey(key))
    return new StateCell(key, bytes === undefined ? undefined : this.#options.decode(key, bytes))
  }

  #drop(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #age(): void {
    this.#old = this.#young
    this.#young = new Map()
  }
}

// Captures are as of the end of a batch, so of several values put in one batch only the last can be wanted.
function keepOlder<Value>(cell: StateCell<Value>, position: Position): void {
  if (sequenceOf(cell.changedAt) === sequenceOf(position)) return
  ;(cell.older ??= []).push({ position: cell.changedAt, value: cell.value })
}

function putBehind<Value>(cell: StateCell<Value>, value: Value | undefined, position: Position): void {
  const older = (cell.older ??= [])
  const index = older.findLastIndex((version) => version.position <= position)
  older.splice(index + 1, 0, { position, value })
}
