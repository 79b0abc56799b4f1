// OrderedIndex: an ordered set of keys as a handler uses it, within its transaction. A key is any text of the characters
// U+0001 to U+00FF, and keys sort by JavaScript's `<`; `key-text.ts` makes such text of bytes. The nodes are actors
// (`index-node.ts`), so what this reads and writes is part of the transaction's footprint, and nodes that the
// transaction did not declare are footprint misses. It holds no state of its own.

import type { Actor, LocalReference } from '@streamy-db/actors'
import { kvLimits } from '../limits.ts'
import { indexDamaged } from './index-errors.ts'
import { IndexNode } from './index-node.ts'
import { isLeafName, nodeName, rootName } from './node-name.ts'

/** A range of keys: from `from` on, and below `to`, which is the end when undefined. */
export interface IndexRange {
  readonly from: string
  readonly to: string | undefined
}

/** How to go through a range. */
export interface WalkOptions {
  readonly descending: boolean
  /** Keys wanted, at most. */
  readonly limit: number
}

/** An ordered set of keys; see the header. */
export class OrderedIndex {
  readonly #owner: Actor
  readonly #tree: string

  /** The index `tree`, whose name holds no slash, in the transaction of the handler of `owner` that runs. */
  constructor(owner: Actor, tree: string) {
    this.#owner = owner
    this.#tree = tree
  }

  /**
   * Adds a key; adding it twice is adding it once. `leaf` is where the caller believes that it belongs: a wrong belief
   * costs a step. Returns the name of the leaf. Throws IndexDamaged.
   */
  insert(key: string, leaf?: string): string {
    return this.#atLeaf(key, leaf, (node) => node.insert(key))
  }

  /** Takes a key out, if it is there; `leaf` and the result as in `insert`. Throws IndexDamaged. */
  remove(key: string, leaf?: string): string {
    return this.#atLeaf(key, leaf, (node) => node.remove(key))
  }

  /** The keys of a range, leaf by leaf. Each leaf is read when its keys are asked for. Throws IndexDamaged. */
  *pages(range: IndexRange, { descending, limit }: WalkOptions): Generator<readonly string[]> {
    let rest = limit
    if (limit <= 0 || (range.to !== undefined && range.to <= range.from)) return
    for (const keys of descending ? this.#descending(range, () => rest) : this.#ascending(range, () => rest)) {
      rest -= keys.length
      if (keys.length > 0) yield keys
      if (rest <= 0) return
    }
  }

  *#ascending({ from, to }: IndexRange, limit: () => number): Generator<readonly string[]> {
    let name = this.#leafOf(from)
    let start = from
    for (;;) {
      const { keys, high } = this.#node(name).page(start, to, limit(), false)
      yield keys
      if (high === undefined || (to !== undefined && high >= to)) return
      name = nodeName(this.#tree, 0, high)
      if (high > start) start = high
    }
  }

  *#descending({ from, to }: IndexRange, limit: () => number): Generator<readonly string[]> {
    let end = to
    for (;;) {
      const { keys, low } = this.#node(this.#leafBelow(end)).page(from, end, limit(), true)
      yield keys
      if (low <= from) return
      end = low
    }
  }

  #atLeaf(key: string, leaf: string | undefined, ask: (node: LocalReference<IndexNode>) => string): string {
    let name = leaf ?? this.#leafOf(key)
    for (let hop = 0; hop < kvLimits.indexHopsMax; hop++) {
      const next = ask(this.#node(name))
      if (next === '') return name
      name = isLeafName(next) ? next : this.#leafOf(key)
    }
    throw indexDamaged(this.#tree, key)
  }

  // The leaf that the inner nodes know of for a key; a right neighbour of it may cover the key by now.
  #leafOf(key: string): string {
    let name = rootName(this.#tree)
    for (let hop = 0; hop < kvLimits.indexHopsMax; hop++) {
      const next = this.#node(name).locate(key)
      if (next === '') return name
      if (isLeafName(next)) return next
      name = next
    }
    throw indexDamaged(this.#tree, key)
  }

  // The leaf that holds the keys right below `key`, or the last leaf.
  #leafBelow(key: string | undefined): string {
    let name = rootName(this.#tree)
    for (let hop = 0; hop < kvLimits.indexHopsMax; hop++) {
      const next = this.#node(name).locateBelow(key)
      if (next === '') return name
      name = next
    }
    throw indexDamaged(this.#tree, key ?? '')
  }

  #node(name: string): LocalReference<IndexNode> {
    return this.#owner.actor(IndexNode, name)
  }
}
