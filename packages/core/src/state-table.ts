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

import { bytesInMemory } from './cell-budget.ts'
import type { CellBudget } from './cell-budget.ts'
import { KeyTable } from './key-table.ts'
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

/** One key in memory. */
export class StateCell<Value> {
  readonly key: string
  /** The newest committed value; undefined when absent. */
  value: Value | undefined
  /** Where `value` was put, while it is not flushed; 0 when clean. */
  changedAt: Position = 0
  /** Values older than `value` that a flush may still have to write, ascending; only where transactions overlap. */
  older: Version<Value>[] | undefined = undefined
  /** What a flush under way writes, while `isCaptured`. */
  captured: Value | undefined = undefined
  isCaptured = false
  /** Of the value when it was last loaded or stored; 0 when it never was. */
  storedBytes: number
  /** Whether it was put where there was nothing, and nobody has asked for it since. */
  isNewborn = false
  /** Whether its table has let go of it. */
  isGone = false
  /** When it was asked for last, by its budget's clock. */
  usedAt: number

  constructor(key: string, value: Value | undefined, storedBytes: number, now: number) {
    this.key = key
    this.value = value
    this.storedBytes = storedBytes
    this.usedAt = now
  }

  /** Whether the store has it as it is. */
  get isClean(): boolean {
    return this.changedAt === 0 && !this.isCaptured
  }
}

/** One kind of state; see T1 to T3. */
export class StateTable<Value> {
  /** To be called when the table is dropped before its budget is. */
  readonly leaveBudget: () => void
  readonly #options: StateTableOptions<Value>
  readonly #cells = new KeyTable<StateCell<Value>>()
  #changed = new Map<string, StateCell<Value>>()
  #flushing = new Map<string, StateCell<Value>>()
  #olderCount = 0

  constructor(options: StateTableOptions<Value>) {
    this.#options = options
    const cells = this.#cells
    this.leaveBudget = options.budget.join({ evict: () => this.#evict(), tookRound: () => cells.tookRound() })
  }

  /** Keys in memory. */
  get size(): number {
    return this.#cells.size
  }

  /** Keys changed and not yet captured. */
  get changedCount(): number {
    return this.#changed.size
  }

  /** Values in memory that newer ones have replaced, of all keys. */
  get olderCount(): number {
    return this.#olderCount
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
    return cell.isCaptured ? cell.captured : this.#load(key).value
  }

  /** The cell of a key, loaded when it is not in memory. Ask again when it `isGone`. */
  cell(key: string): StateCell<Value> {
    const { budget } = this.#options
    const known = this.#cells.get(key)
    if (known !== undefined) {
      known.usedAt = budget.now
      known.isNewborn = false
      return known
    }
    const cell = this.#load(key)
    budget.add(bytesInMemory(cell.storedBytes))
    this.#cells.add(cell)
    return cell
  }

  /** Puts a value at a position. */
  put(key: string, value: Value | undefined, position: Position): void {
    this.putCell(this.cell(key), value, position)
  }

  /** `put` for a cell just asked for. */
  putCell(cell: StateCell<Value>, value: Value | undefined, position: Position): void {
    if (position < cell.changedAt) return this.#putBehind(cell, value, position)
    if (cell.changedAt === 0) {
      if (cell.isClean) this.#options.budget.remove(bytesInMemory(cell.storedBytes))
      this.#changed.set(cell.key, cell)
      cell.isNewborn = cell.value === undefined
    } else if (!this.#options.sequential) this.#keepOlder(cell, position)
    cell.value = value
    cell.changedAt = position
  }

  /** Takes what a flush as of `position` must write (T2). One capture at a time; `flushed` ends it. */
  capture(position: Position): Iterable<StateChange> {
    this.#flushing = this.#changed
    this.#changed = new Map()
    for (const cell of this.#flushing.values()) this.#captureCell(cell, position)
    return this.#encodeFlushing()
  }

  /**
   * The captured changes are in the store. What is absent there needs no cell that says so, and what was only ever put is let
   * go of: who loads a million actors would else carry them all along for nothing.
   */
  flushed(): void {
    for (const cell of this.#flushing.values()) {
      const isWanted = cell.captured !== undefined && !cell.isNewborn
      cell.captured = undefined
      cell.isCaptured = false
      if (cell.changedAt !== 0) continue
      if (isWanted) this.#options.budget.add(bytesInMemory(cell.storedBytes))
      else this.#drop(cell)
    }
    this.#flushing = new Map()
  }

  /** Changes not yet in the store, newest values; for hashing and enumeration. */
  *unflushed(): Iterable<{ readonly key: string; readonly value: Value | undefined }> {
    for (const { key, captured } of this.#flushing.values()) if (!this.#changed.has(key)) yield { key, value: captured }
    for (const cell of this.#changed.values()) yield { key: cell.key, value: cell.value }
  }

  // Captures are as of the end of a batch, so of several values put in one batch only the last can be wanted.
  #keepOlder(cell: StateCell<Value>, position: Position): void {
    if (sequenceOf(cell.changedAt) === sequenceOf(position)) return
    this.#olderCount += 1
    ;(cell.older ??= []).push({ position: cell.changedAt, value: cell.value })
  }

  #putBehind(cell: StateCell<Value>, value: Value | undefined, position: Position): void {
    this.#olderCount += 1
    const older = (cell.older ??= [])
    const index = older.findLastIndex((version) => version.position <= position)
    older.splice(index + 1, 0, { position, value })
  }

  #captureCell(cell: StateCell<Value>, position: Position): void {
    const before = cell.older?.length ?? 0
    this.#takeCaptured(cell, position)
    this.#olderCount += (cell.older?.length ?? 0) - before
  }

  #takeCaptured(cell: StateCell<Value>, position: Position): void {
    if (cell.changedAt <= position) {
      cell.captured = cell.value
      cell.isCaptured = true
      cell.changedAt = 0
      cell.older = undefined
      return
    }
    this.#changed.set(cell.key, cell)
    const older = cell.older ?? []
    const index = older.findLastIndex((version) => version.position <= position)
    if (index < 0) {
      this.#flushing.delete(cell.key)
      return
    }
    cell.captured = older[index]!.value
    cell.isCaptured = true
    cell.older = older.slice(index + 1)
  }

  // Many at a time by key: a store that keeps its keys in order takes them at half the cost then. All of them at once would be
  // sorted for longer than other work should wait, and for longer each: their keys lie all over the memory.
  *#encodeFlushing(): Iterable<StateChange> {
    for (const keys of runsOf(this.#flushing.keys())) yield* this.#encodeRun(keys.sort())
  }

  *#encodeRun(keys: readonly string[]): Iterable<StateChange> {
    for (const key of keys) {
      const cell = this.#flushing.get(key)!
      const value = cell.captured === undefined ? undefined : this.#encode(cell, cell.captured)
      yield { key: this.#options.storageKey(key), value }
    }
  }

  #encode(cell: StateCell<Value>, value: Value): Uint8Array {
    const bytes = this.#options.encode(cell.key, value)
    cell.storedBytes = bytes.length
    return bytes
  }

  #load(key: string): StateCell<Value> {
    const { store, storageKey, decode, budget } = this.#options
    const bytes = store.get(storageKey(key))
    if (bytes === undefined) return new StateCell<Value>(key, undefined, 0, budget.now)
    return new StateCell(key, decode(key, bytes), bytes.length, budget.now)
  }

  #drop(cell: StateCell<Value>): void {
    this.#cells.delete(cell.key)
    cell.isGone = true
  }

  #evict(): boolean {
    let longest: StateCell<Value> | undefined
    for (let count = 0; count < SAMPLE; count++) {
      const cell = this.#cells.next()
      // The clock goes round.
      if (cell?.isClean === true && (longest === undefined || ((cell.usedAt - longest.usedAt) | 0) < 0)) longest = cell
    }
    if (longest === undefined) return false
    this.#options.budget.remove(bytesInMemory(longest.storedBytes))
    this.#drop(longest)
    return true
  }
}

/** Of how many cells the one that was not used for longest is given up. */
const SAMPLE = 5

/** Keys that are sorted at a time: some ten milliseconds. */
const RUN_KEYS = 16_384

function* runsOf(keys: Iterable<string>): Iterable<string[]> {
  let run: string[] = []
  for (const key of keys) {
    run.push(key)
    if (run.length < RUN_KEYS) continue
    yield run
    run = []
  }
  yield run
}
