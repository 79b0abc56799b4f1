// RecordIndex: where the records of a session's requests are, by slot. A client numbers its requests, and home mostly meets
// them in that order, so they stand in two lists that only grow at the end; what does not fit there stands in a map.

import type { Slot } from './session-ledger.ts'

/** Offsets of records by slot. */
export class RecordIndex {
  /** Ascending. */
  readonly #sequences: number[] = []
  readonly #offsets: number[] = []
  #others: Map<Slot, number> | undefined

  get size(): number {
    return this.#sequences.length + (this.#others?.size ?? 0)
  }

  get(slot: Slot): number | undefined {
    const at = typeof slot === 'number' ? this.#find(slot) : -1
    return at >= 0 ? this.#offsets[at] : this.#others?.get(slot)
  }

  set(slot: Slot, offset: number): void {
    const sequences = this.#sequences
    const last = sequences.length - 1
    if (typeof slot === 'number' && (last < 0 || slot > sequences[last]!)) {
      sequences.push(slot)
      this.#offsets.push(offset)
      return
    }
    const at = typeof slot === 'number' ? this.#find(slot) : -1
    if (at >= 0) this.#offsets[at] = offset
    else (this.#others ??= new Map<Slot, number>()).set(slot, offset)
  }

  /** All of them, each once. */
  *entries(): Iterable<readonly [Slot, number]> {
    for (let at = 0; at < this.#sequences.length; at++) yield [this.#sequences[at]!, this.#offsets[at]!]
    if (this.#others !== undefined) yield* this.#others
  }

  // Its place in the lists; -1 when it is not in them.
  #find(sequence: number): number {
    const sequences = this.#sequences
    let [low, high] = [0, sequences.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sequences[middle]! < sequence) low = middle + 1
      else high = middle
    }
    return sequences[low] === sequence ? low : -1
  }
}
