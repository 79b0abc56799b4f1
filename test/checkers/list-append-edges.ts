// Dependencies that follow from the order of versions of each key: who appended after whom (ww), who read whose append
// (wr), who read before whose append (rw). Transactions that failed are left out: that one was seen at all is an anomaly.
//
// An append that no read has seen, of a transaction that has happened, comes after all that was seen. Edges lead to it from
// the readers and the writer of the last version. That is sound because every list is a prefix of any longer one.

import type { EdgeList } from './dependency-graph.ts'
import { isPrefix, type Append, type KeyHistory, type Read } from './list-append-index.ts'
import type { Ground } from './list-append-words.ts'
import type { ListAppendOperation } from './workloads.ts'

/**
 * Edges from readers of a key's last version to unseen appends of it: all with all, unless that is more than this. Then
 * they lead only to the unseen append that was acknowledged first, which keeps every violation of real time visible.
 */
const unseenPairsMax = 10_000

type Happened = (operation: ListAppendOperation) => boolean

/** The edges of keys, and what each rests on. */
export class VersionEdges {
  readonly #keys: readonly KeyHistory[]
  /** By key, the number of its first value when the values of all orders are numbered on. Evidence is such a number. */
  readonly #starts: number[] = []

  constructor(keys: readonly KeyHistory[]) {
    this.#keys = keys
    let values = 0
    for (const { order } of keys) {
      this.#starts.push(values)
      values += order.length
    }
  }

  /** Adds the edges between transactions; `happened` says which did. */
  addTo(edges: EdgeList, operations: readonly ListAppendOperation[], happened: Happened): void {
    for (const [number, key] of this.#keys.entries())
      new KeyEdges(key, this.#starts[number]!, -1 - number, operations, happened, edges).add()
  }

  /** Reads the evidence of an edge. */
  groundOf(evidence: number): Ground {
    const number = evidence < 0 ? -1 - evidence : this.#keyOf(evidence)
    const { key, order } = this.#keys[number]!
    if (evidence < 0) return { key, value: undefined, previous: order.at(-1) }
    const place = evidence - this.#starts[number]!
    return { key, value: order[place], previous: order[place - 1] }
  }

  // The last key that starts at the evidence or before it; keys without values start where the next one does.
  #keyOf(evidence: number): number {
    let [low, high] = [0, this.#starts.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle]! <= evidence) low = middle
      else high = middle
    }
    return low
  }
}

class KeyEdges {
  readonly #key: KeyHistory
  readonly #start: number
  readonly #unseenEvidence: number
  readonly #operations: readonly ListAppendOperation[]
  readonly #happened: Happened
  readonly #edges: EdgeList
  /** By place in the order: the transaction that appended the value, unless it failed or does not exist. */
  readonly #writers: readonly (number | undefined)[]

  constructor(
    key: KeyHistory,
    start: number,
    unseenEvidence: number,
    operations: readonly ListAppendOperation[],
    happened: Happened,
    edges: EdgeList,
  ) {
    this.#key = key
    this.#start = start
    this.#unseenEvidence = unseenEvidence
    this.#operations = operations
    this.#happened = happened
    this.#edges = edges
    this.#writers = key.order.map((value, place) => {
      const append = key.places.get(value) === place ? key.appends.get(value) : undefined
      return append === undefined || operations[append.writer]!.outcome === 'failed' ? undefined : append.writer
    })
  }

  add(): void {
    const { order, reads } = this.#key
    for (let place = 1; place < order.length; place++) {
      const writer = this.#writers[place]
      if (writer !== undefined) this.#add(this.#before(place), writer, 'ww', place)
    }
    const ofLastVersion: number[] = []
    for (const read of reads) {
      if (!isPrefix(read.list, order)) continue
      this.#addRead(read)
      if (this.#after(read.list.length) === undefined) ofLastVersion.push(read.reader)
    }
    this.#addUnseen(ofLastVersion)
  }

  #addRead({ reader, list, own }: Read): void {
    const version = Math.max(0, list.length - own)
    const writer = this.#before(version)
    if (writer !== undefined) this.#add(writer, reader, 'wr', this.#placeBefore(version))
    const next = this.#after(version)
    if (next !== undefined) this.#add(reader, next, 'rw', this.#placeAfter(version))
  }

  #addUnseen(ofLastVersion: readonly number[]): void {
    const unseen = [...this.#key.appends.values()].filter((append) => this.#isUnseen(append))
    const lastWriter = this.#before(this.#key.order.length)
    const all = unseen.length * (ofLastVersion.length + 1) <= unseenPairsMax
    for (const { writer } of all ? unseen : [this.#firstAcknowledged(unseen)]) {
      if (lastWriter !== undefined && lastWriter !== writer)
        this.#edges.add(lastWriter, writer, 'ww', this.#unseenEvidence)
      for (const reader of ofLastVersion)
        if (reader !== writer) this.#edges.add(reader, writer, 'rw', this.#unseenEvidence)
    }
  }

  #isUnseen({ value, writer }: Append): boolean {
    return !this.#key.places.has(value) && this.#happened(this.#operations[writer]!)
  }

  #firstAcknowledged(appends: readonly Append[]): Append {
    const completed = (append: Append): number => this.#operations[append.writer]!.completedUs
    return appends.reduce((first, append) => (completed(append) < completed(first) ? append : first))
  }

  #add(from: number | undefined, to: number, kind: 'ww' | 'wr' | 'rw', place: number): void {
    if (from !== undefined && from !== to) this.#edges.add(from, to, kind, this.#start + place)
  }

  // Values without a committed writer are rare, so these walk over them.
  #placeBefore(version: number): number {
    let place = version - 1
    while (place >= 0 && this.#writers[place] === undefined) place--
    return place
  }

  #placeAfter(version: number): number {
    let place = version
    while (place < this.#writers.length && this.#writers[place] === undefined) place++
    return place
  }

  #before(version: number): number | undefined {
    return this.#writers[this.#placeBefore(version)]
  }

  #after(version: number): number | undefined {
    return this.#writers[this.#placeAfter(version)]
  }
}
