// CellBudget: how much of the state stays in memory. Tables share one: each clean cell is counted when it comes, and where
// that is too much, cells are given up.
//
// Which ones is decided by samples: of a few that lie side by side, in the order of hashes, the one that was not used for
// longest. That is close to the least recently used of all, and costs a look-up no more than a number (Sanfilippo, "Random
// notes on improving the Redis LRU algorithm", 2016).

/** Bytes that a cell is taken for beside what it holds: itself, its key, what finds it, and what a small value is made of. */
export const CELL_BYTES = 400
/** Bytes in memory, by estimate, for each byte of a stored value. */
const BYTES_PER_STORED_BYTE = 2

/** What a cell takes in memory, by estimate, whose value was last stored in so many bytes. */
export function bytesInMemory(storedBytes: number): number {
  return CELL_BYTES + BYTES_PER_STORED_BYTE * storedBytes
}

/** What gives up cells when a budget is used up. */
interface Evicting {
  /** Gives up one clean cell; false when there is none nearby. */
  evict(): boolean
  /** Whether it was gone through since it was asked last. */
  tookRound(): boolean
}

/** How often it is looked for something to give up in vain, for a cell that comes: where nearly all are changed. */
const VAIN_LOOKS_MAX = 4

/** Bounds the clean cells of one or several tables by what they take in memory, by estimate and within a factor of two. */
export class CellBudget {
  /** Grows with each cell that comes: the clock by which it is told which was used last. */
  now = 0
  readonly #bytesMax: number
  readonly #tables: Evicting[] = []
  #turn = 0
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Has a table give up cells from now on; the answer ends that. */
  join(table: Evicting): () => void {
    this.#tables.push(table)
    return () => void this.#tables.splice(this.#tables.indexOf(table), 1)
  }

  /** Makes room for a clean cell. */
  add(bytes: number): void {
    this.#bytes += bytes
    this.now = (this.now + 1) | 0
    for (let inVain = 0; this.#bytes > this.#bytesMax && inVain < VAIN_LOOKS_MAX;) if (!this.#evict()) inVain += 1
  }

  /** A cell is clean no longer, or not there. */
  remove(bytes: number): void {
    this.#bytes -= bytes
  }

  // One table after the other, each as a whole: the more it holds, the more it gives up.
  #evict(): boolean {
    if (this.#turn >= this.#tables.length) this.#turn = 0
    const table = this.#tables[this.#turn]!
    const evicted = table.evict()
    if (table.tookRound()) this.#turn += 1
    return evicted
  }
}
