// Walks over all nodes of an index and says what is wrong with it: N1 to N3 of `index-node.ts`. Reads nodes one by one,
// so it is for an index that nobody changes meanwhile.

import { actorRef, type Call } from '@streamy-db/core'
import { kvLimits } from '../limits.ts'
import type { InnerNode, LeafPage } from '../ordered-index/index-node.ts'
import { nodeName, rootName } from '../ordered-index/node-name.ts'
import { unpackItems } from '../ordered-index/packed-items.ts'

/** Answers a query of one actor. */
export type AskNode = (call: Call) => Promise<unknown>

/** What an index looks like. */
export interface TreeShape {
  readonly keys: readonly string[]
  readonly levels: number
  readonly leaves: number
  /** Of the leaves, how full they are on average. */
  readonly fill: number
  /** Nodes that their parents do not list, and other offences. */
  readonly offences: readonly string[]
}

/** Looks at a whole index. */
export async function treeShape(tree: string, ask: AskNode): Promise<TreeShape> {
  const offences: string[] = []
  const root = (await ask(query(rootName(tree), 'inner'))) as InnerNode | undefined
  let parents: readonly string[] = []
  for (let level = (root?.level ?? 0) - 1; level > 0; level--)
    parents = await checkLevel(tree, level, parents.length > 0 ? parents : unpackItems(root!.items), ask, offences)
  const listed = root === undefined ? undefined : parents.length > 0 ? parents : unpackItems(root.items)
  const leaves = await readLeaves(tree, root === undefined, ask)
  if (listed !== undefined)
    compare(
      'leaves',
      listed,
      leaves.map(({ low }) => low),
      offences,
    )
  for (const { keys, low, high } of leaves) {
    if (keys.length > kvLimits.indexNodeItemsMax) offences.push(`the leaf ${low} holds ${keys.length} keys`)
    for (const key of keys)
      if (key < low || (high !== undefined && key >= high)) offences.push(`${key} is in the leaf ${low}`)
  }
  const keys = leaves.flatMap((leaf) => leaf.keys)
  return {
    keys,
    levels: (root?.level ?? 0) + 1,
    leaves: leaves.length,
    fill: keys.length / leaves.length / kvLimits.indexNodeItemsMax,
    offences,
  }
}

// Follows the right neighbours of one level; answers the children that its nodes list.
async function checkLevel(
  tree: string,
  level: number,
  listed: readonly string[],
  ask: AskNode,
  offences: string[],
): Promise<readonly string[]> {
  const found: string[] = []
  const children: string[] = []
  for (let low: string | undefined = ''; low !== undefined;) {
    found.push(low)
    const node = (await ask(query(nodeName(tree, level, low), 'inner'))) as InnerNode | undefined
    if (node === undefined) {
      offences.push(`the node ${low} of level ${level} is gone`)
      break
    }
    const items = unpackItems(node.items)
    if (items.length > kvLimits.indexNodeItemsMax) offences.push(`the node ${low} lists ${items.length} children`)
    if (items[0] !== low) offences.push(`the first child of ${low} is ${items[0]}`)
    children.push(...items)
    low = node.high
  }
  compare(`nodes of level ${level}`, listed, found, offences)
  return children
}

async function readLeaves(tree: string, rootIsLeaf: boolean, ask: AskNode): Promise<LeafPage[]> {
  const leaves: LeafPage[] = []
  for (let low: string | undefined = ''; low !== undefined; low = leaves.at(-1)!.high) {
    const name = rootIsLeaf ? rootName(tree) : nodeName(tree, 0, low)
    leaves.push((await ask(query(name, 'page', '', undefined, Infinity, false))) as LeafPage)
  }
  return leaves
}

function compare(what: string, listed: readonly string[], found: readonly string[], offences: string[]): void {
  if (listed.join('\0') !== found.join('\0'))
    offences.push(`the ${what} are ${found.join()}, but ${listed.join()} are listed`)
}

function query(node: string, message: string, ...args: Call['args']): Call {
  return { ref: actorRef('index.Node', node), message, args }
}
