// DeclaredLeaves: which leaf of an index a write was declared to touch, so that it goes there at once and uses no node above.
// A wrong one leads on to the right one, which is a footprint miss where it was not declared.

import { isLeafName, parseNodeName } from '@streamy-db/kv'

interface Leaf {
  readonly name: string
  readonly low: string
}

/** The leaves among what was declared: `n` and the name of a node. */
export class DeclaredLeaves {
  readonly #leaves = new Map<string, Leaf[]>()

  constructor(touches: readonly string[]) {
    for (const touch of touches) {
      if (!touch.startsWith('n')) continue
      const name = touch.slice(1)
      const { tree, low, isRoot } = parseNodeName(name)
      if (!isRoot && !isLeafName(name)) continue
      const known = this.#leaves.get(tree)
      if (known === undefined) this.#leaves.set(tree, [{ name, low }])
      else known.push({ name, low })
    }
  }

  /** The leaf for an item: of those declared, the last that does not begin behind it. */
  leafOf(tree: string, item: string): string | undefined {
    let best: Leaf | undefined
    for (const leaf of this.#leaves.get(tree) ?? [])
      if (leaf.low <= item && (best === undefined || leaf.low > best.low)) best = leaf
    return best?.name
  }
}
