// EventTimeSorter: merges inputs that are each only roughly in order into the one order of positions. It buffers what
// comes and releases it up to the watermark: the position up to which every source has said that it is complete. Pure
// and synchronous; where items come from, and who holds a source back, is its user's business.
//
//   source a  ──●──●─────●──▌            ▌ complete up to here
//   source b  ─────●──▌        ●         the watermark is the lowest of them: what lies at or below it is released
//   source c  ──●─────────●────────▌
//
// W1 Items are released by position, those of one position in the order of their sources: the same output, whatever
//    came when.
// W2 Nothing is released before every source is complete up to its position, so nothing can come to stand before it,
//    and the items of one position are released together.
// W3 Each (position, source) is released once. A source that is complete up to a position repeats itself when it sends
//    something from there.
// W4 A full buffer refuses items, except those of a source that holds the watermark back: only they make room.

import { assert } from './errors.ts'
import { limits } from './limits.ts'
import { MinHeap } from './min-heap.ts'
import type { Position } from './position.ts'

/** What is merged. */
export interface EventTimeSorterOptions<Source> {
  /** All inputs, each once; items of one position come out in this order. */
  readonly sources: readonly Source[]
  /** Everything up to here is known: it is neither waited for nor released. 0 unless stated. */
  readonly from?: Position
  /** Items it buffers at most (W4); `limits.sorterItemsMax` unless stated. */
  readonly itemsMax?: number
}

/** One item in its place. */
export interface Sorted<Source, Item> {
  readonly position: Position
  readonly source: Source
  readonly item: Item
}

/** What became of an item: `refused` ones must be pushed again, after a release. */
export type PushResult = 'buffered' | 'repeated' | 'refused'

interface Input {
  /** Its place among the sources. */
  readonly rank: number
  complete: Position
  /** Positions buffered; all above `complete`. */
  readonly buffered: Set<Position>
}

interface Buffered<Source, Item> extends Sorted<Source, Item> {
  readonly input: Input
}

/** Merges partially ordered inputs; see W1 to W4. */
export class EventTimeSorter<Source, Item> {
  readonly #inputs = new Map<Source, Input>()
  readonly #itemsMax: number
  readonly #heap = new MinHeap<Buffered<Source, Item>>(
    (a, b) => a.position < b.position || (a.position === b.position && a.input.rank < b.input.rank),
  )
  #watermark: Position

  constructor({ sources, from = 0, itemsMax = limits.sorterItemsMax }: EventTimeSorterOptions<Source>) {
    for (const source of sources)
      this.#inputs.set(source, { rank: this.#inputs.size, complete: from, buffered: new Set() })
    assert(this.#inputs.size > 0 && this.#inputs.size === sources.length, 'sources to sort are some, each named once')
    this.#itemsMax = itemsMax
    this.#watermark = from
  }

  /** The position up to which every source is complete. */
  get watermark(): Position {
    return this.#watermark
  }

  /** Items in the buffer. */
  get size(): number {
    return this.#heap.size
  }

  /** Takes an item of a source, in any order; repeats are dropped (W3), and refused is what finds no room (W4). */
  push(source: Source, position: Position, item: Item): PushResult {
    const input = this.#input(source)
    if (position <= input.complete || input.buffered.has(position)) return 'repeated'
    if (this.#heap.size >= this.#itemsMax && input.complete > this.#watermark) return 'refused'
    input.buffered.add(position)
    this.#heap.push({ position, source, item, input })
    return 'buffered'
  }

  /** The source has pushed all that it has up to `position`. Less than it said before changes nothing. */
  complete(source: Source, position: Position): void {
    const input = this.#input(source)
    if (position <= input.complete) return
    input.complete = position
    this.#watermark = Math.min(...[...this.#inputs.values()].map(({ complete }) => complete))
  }

  /** Takes out, in order (W1), everything up to the watermark (W2). */
  release(): Sorted<Source, Item>[] {
    const released: Sorted<Source, Item>[] = []
    for (let top = this.#heap.peek(); top !== undefined && top.position <= this.#watermark; top = this.#heap.peek()) {
      this.#heap.pop()
      top.input.buffered.delete(top.position)
      released.push({ position: top.position, source: top.source, item: top.item })
    }
    return released
  }

  #input(source: Source): Input {
    const input = this.#inputs.get(source)
    assert(input !== undefined, `${String(source)} is one of the sources`)
    return input
  }
}
