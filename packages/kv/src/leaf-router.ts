// LeafRouter: a client's knowledge of the index of one space, so that a first write declares the leaf that it needs and
// is not tried again for it. What it knows may be out of date, which costs a step, or another attempt, and never the
// outcome. With one partition no call declares anything, and a router has nothing to do.

import { actorRef } from '@streamy-db/core'
import type { LayerPort } from '@streamy-db/runtime'
import { kvLimits } from './limits.ts'
import type { InnerNode } from './ordered-index/index-node.ts'
import { isLeafName, nodeName, rootName } from './ordered-index/node-name.ts'
import { itemAt, itemBefore, placeOf } from './ordered-index/packed-items.ts'

/** Finds the leaves of one index. */
export class LeafRouter {
  readonly #port: LayerPort
  readonly #tree: string
  readonly #inner = new Map<string, InnerNode>()
  readonly #present = new Map<string, true>()

  constructor(port: LayerPort, tree: string) {
    this.#port = port
    this.#tree = tree
  }

  /** Whether calls need to declare leaves at all. */
  get isNeeded(): boolean {
    return this.#port.partitions > 1
  }

  /** The leaf that a write of `key` should declare; undefined when the key is there already, and none is needed. */
  async leafForWrite(key: string): Promise<string | undefined> {
    return this.#present.has(key) ? undefined : await this.leafOf(key)
  }

  /** The leaf that covers `key`, as far as is known. Reads the inner nodes that are not. */
  async leafOf(key: string): Promise<string> {
    let name = rootName(this.#tree)
    for (let hop = 0; hop < kvLimits.indexHopsMax; hop++) {
      const node = this.#inner.get(name) ?? (await this.#load(name))
      if (node === undefined) return name
      name = nextTowards(this.#tree, node, key)
      if (isLeafName(name)) return name
    }
    // An index that leads nowhere is for the handler to complain about.
    return rootName(this.#tree)
  }

  /** A key is there, or not. */
  saw(key: string, isPresent: boolean): void {
    if (!isPresent) this.#present.delete(key)
    else if (!this.#present.has(key)) {
      this.#present.set(key, true)
      forgetOldest(this.#present, kvLimits.presentKeysMax)
    }
  }

  /** The key was not in the leaf that was named for it: the nodes on the way are read again. */
  wasWrong(key: string): void {
    let name = rootName(this.#tree)
    for (let node = this.#inner.get(name); node !== undefined; node = this.#inner.get(name)) {
      this.#inner.delete(name)
      name = nextTowards(this.#tree, node, key)
    }
  }

  // Undefined for a leaf: a root that has no children yet.
  async #load(name: string): Promise<InnerNode | undefined> {
    const call = { ref: actorRef('index.Node', name), message: 'inner', args: [] }
    const [node] = (await this.#port.query([call])) as [InnerNode | undefined]
    if (node === undefined) return undefined
    this.#inner.set(name, node)
    forgetOldest(this.#inner, kvLimits.routedNodesMax)
    return node
  }
}

function nextTowards(tree: string, { level, items, high }: InnerNode, key: string): string {
  if (high !== undefined && key >= high) return nodeName(tree, level, high)
  const place = placeOf(items, key)
  const child = itemAt(items, place) === key ? key : itemBefore(items, place)
  return nodeName(tree, level - 1, child ?? '')
}

function forgetOldest(map: Map<string, unknown>, sizeMax: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= sizeMax) return
    map.delete(oldest)
  }
}
