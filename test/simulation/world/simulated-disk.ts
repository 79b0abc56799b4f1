// SimulatedDisk: the state stores of one worker's machine, on a disk that takes time and, when the machine crashes, may
// lose what it was writing, have it all, damage the store, or lose what it claimed to have flushed. As with LMDB, one
// write is there whole or not at all, and a store that is damaged is known for it when it is opened.

import { storeClosed, type StateChange, type StateStore } from '@streamy-db/core'
import type { ShelvedStore, StateShelf } from '@streamy-db/runtime/testing'
import type { Dice } from '../../differential/dice.ts'
import { never, type SimulatedProcess } from './simulated-process.ts'

/** How a disk behaves. */
export interface DiskConditions {
  /** How long a flush takes. */
  readonly flushUs: number
  /** Of what was being written at a crash: all there, else nothing of it, unless the store is damaged. */
  readonly keepsUnflushed: number
  readonly damaged: number
  /** At a crash, the newest flushed writes are lost as well. */
  readonly losesFlushed: number
}

export const goodDisk: DiskConditions = { flushUs: 1000, keepsUnflushed: 0, damaged: 0, losesFlushed: 0 }

type Undo = readonly (readonly [key: string, before: Uint8Array | undefined])[]

const undoneMax = 4

interface DiskFile {
  values: Map<string, Uint8Array>
  /** What undoes the newest writes, the newest last. */
  undo: Undo[]
  writing: readonly StateChange[] | undefined
  damaged: boolean
}

/** One disk. */
export class SimulatedDisk {
  conditions: DiskConditions = goodDisk
  #files = new Map<number, DiskFile>()
  #next = 1

  /** The shelf of a process that has just started. */
  shelf(process: SimulatedProcess): StateShelf {
    const inUse = new Set<number>()
    return {
      existing: async () => {
        for (const [number, { damaged }] of this.#files) if (damaged) this.#files.delete(number)
        const left = [...this.#files.keys()].filter((number) => !inUse.has(number))
        return left.map((number) => this.#open(number, process, inUse))
      },
      create: async () => {
        this.#files.set(this.#next, { values: new Map(), undo: [], writing: undefined, damaged: false })
        return this.#open(this.#next++, process, inUse)
      },
    }
  }

  /** The machine has crashed; answers what became of what was written. */
  crash(dice: Dice): readonly string[] {
    const { keepsUnflushed, damaged, losesFlushed } = this.conditions
    const happened: string[] = []
    for (const file of this.#files.values()) {
      const { writing } = file
      file.writing = undefined
      if (writing !== undefined && dice.happens(keepsUnflushed)) apply(file, writing)
      else if (writing !== undefined && dice.happens(damaged)) {
        file.damaged = true
        happened.push('torn write')
      } else if (writing !== undefined) happened.push('unflushed write lost')
      if (!dice.happens(losesFlushed) || file.undo.length === 0) continue
      for (let left = 1 + dice.below(file.undo.length); left > 0; left--) undo(file, file.undo.pop()!)
      happened.push('flushed write lost')
    }
    return happened
  }

  wipe(): void {
    this.#files = new Map()
  }

  #open(number: number, process: SimulatedProcess, inUse: Set<number>): ShelvedStore {
    const file = this.#files.get(number)!
    const store = new SimulatedStateStore(file, process, this)
    inUse.add(number)
    const close = async (): Promise<void> => {
      await store.close()
      inUse.delete(number)
    }
    const discard = async (): Promise<void> => {
      await close()
      if (!process.isDead && this.#files.get(number) === file) this.#files.delete(number)
    }
    return { store, close, discard }
  }
}

class SimulatedStateStore implements StateStore {
  readonly #file: DiskFile
  readonly #process: SimulatedProcess
  readonly #disk: SimulatedDisk
  #closed = false

  constructor(file: DiskFile, process: SimulatedProcess, disk: SimulatedDisk) {
    this.#file = file
    this.#process = process
    this.#disk = disk
  }

  get(key: string): Uint8Array | undefined {
    this.#assertOpen()
    return this.#file.values.get(key)
  }

  *scan(prefix: string): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
    this.#assertOpen()
    // In no promised order: whoever rests on one is found out.
    const entries = [...this.#file.values]
    if (this.#process.ground.dice.happens(0.5)) entries.reverse()
    for (const [key, value] of entries) if (key.startsWith(prefix)) yield { key, value }
  }

  async advance(changes: Iterable<StateChange>): Promise<void> {
    this.#assertOpen()
    const taken = Array.from(changes, ({ key, value }) => ({ key, value: value && new Uint8Array(value) }))
    if (this.#process.reaches('before a flush')) await never
    this.#file.writing = taken
    await this.#process.wait(this.#disk.conditions.flushUs)
    this.#file.writing = undefined
    apply(this.#file, taken)
    if (this.#process.reaches('after a flush')) await never
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed()
  }
}

function apply(file: DiskFile, changes: readonly StateChange[]): void {
  const undone: [string, Uint8Array | undefined][] = []
  for (const { key, value } of changes) {
    undone.push([key, file.values.get(key)])
    if (value === undefined) file.values.delete(key)
    else file.values.set(key, value)
  }
  file.undo = [...file.undo, undone].slice(-undoneMax)
}

function undo(file: DiskFile, undone: Undo): void {
  for (const [key, before] of undone.toReversed())
    if (before === undefined) file.values.delete(key)
    else file.values.set(key, before)
}
