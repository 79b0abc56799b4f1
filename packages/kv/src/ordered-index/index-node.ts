// IndexNode: one node of an ordered index, a B-link tree (Lehman and Yao 1981) of actors. A node covers the keys from its
// low fence up to, and not including, its high fence; its right neighbour goes on there. A leaf holds keys, an inner node
// the low fences of its children. The root keeps its name for ever and grows by moving what it holds one level down.
//
//   root   ['' , 'm']                       level 1
//            |     \
//   leaf   [a … l] -> [m … z]               level 0; the arrow is the high fence 'm'
//
// N1 The nodes of one level cover all keys, each key once.
// N2 The children of an inner node at level n are nodes at level n-1 that exist; a node that exists at level n-1 may not
//    yet be known to its parent, but is the right neighbour of one that is, or of one that is reached like this.
// N3 A node that has no room for one more item has split in the same transaction; the parent follows in its own.
// N4 Whoever arrives at a wrong node, or at one that is gone, is told where to go on, and nothing was changed.

import { Actor, type LocalReference, registerActor } from '@streamy-db/actors'
import { kvLimits } from '../limits.ts'
import { IndexDamaged, indexDamaged } from './index-errors.ts'
import { nodeName, type NodeName, parseNodeName, rootName } from './node-name.ts'
import {
  itemAt,
  itemBefore,
  itemsBetween,
  packItems,
  placeOf,
  unpackItems,
  withItem,
  withoutItem,
} from './packed-items.ts'
import { fenceBetween, splitPoint } from './split-point.ts'

/** Keys of one leaf, within a range. */
export interface LeafPage {
  readonly keys: readonly string[]
  readonly low: string
  /** Undefined for the last leaf. */
  readonly high: string | undefined
}

/** An inner node as routing remembers it. */
export interface InnerNode {
  readonly level: number
  readonly items: string
  readonly high: string | undefined
}

/** What a parent wants to know of a child. */
interface NodeHead {
  readonly count: number
  readonly high: string | undefined
}

/** What a node gives to the neighbour that absorbs it. */
interface NodeContent {
  readonly items: string
  readonly count: number
  readonly high: string | undefined
}

const HERE = ''

/** A node; see N1 to N4. Its messages answer '' when done, or the name of the node to go on at. */
export class IndexNode extends Actor {
  /** Whether it holds anything, or is the child of somebody. A root is always there. */
  exists = false
  level = 0
  /** Packed: see `packed-items.ts`. */
  items = ''
  count = 0
  high: string | undefined = undefined

  /** Where to go on for the leaf that covers `key`; '' when it is this one. */
  locate(key: string): string {
    return elsewhere(this, key) ?? HERE
  }

  /** Where to go on for the leaf of the keys right below `key`, or of the highest keys; '' when it is this one. */
  locateBelow(key: string | undefined): string {
    const { tree, isRoot, low } = parseNodeName(this.key)
    if (!isRoot && (!this.exists || (key !== undefined && key <= low))) return rootName(tree)
    if (this.high !== undefined && (key === undefined || key > this.high)) return nodeName(tree, this.level, this.high)
    if (this.level === 0) return HERE
    const child = itemBefore(this.items, key === undefined ? this.items.length : placeOf(this.items, key))
    return nodeName(tree, this.level - 1, child ?? low)
  }

  /** The keys of this leaf in a range, ascending or descending, at most `limit`. Throws {@link IndexDamaged}. */
  page(from: string, to: string | undefined, limit: number, descending: boolean): LeafPage {
    const { tree, isRoot, low } = parseNodeName(this.key)
    if (!isRoot && !this.exists) throw indexDamaged(tree, low)
    return { keys: itemsBetween(this.items, from, to, limit, descending), low, high: this.high }
  }

  /** What routing remembers of an inner node; undefined for a leaf and for a node that is gone. */
  inner(): InnerNode | undefined {
    return this.level === 0 ? undefined : { level: this.level, items: this.items, high: this.high }
  }

  /** What its parent wants to know of it; undefined when it is gone. */
  head(): NodeHead | undefined {
    return this.exists ? { count: this.count, high: this.high } : undefined
  }

  /** Adds a key to the leaf that covers it. */
  insert(key: string): string {
    const place = elsewhere(this, key)
    if (place !== undefined) return this.leave(place)
    this.exists = true
    addItem(this, key)
    return HERE
  }

  /** Takes a key out of the leaf that covers it. */
  remove(key: string): string {
    const place = elsewhere(this, key)
    if (place !== undefined) return this.leave(place)
    removeItem(this, key)
    return HERE
  }

  /** Becomes a node with these items. */
  fill(level: number, items: string, count: number, high: string | undefined): void {
    this.exists = true
    this.level = level
    this.items = items
    this.count = count
    this.high = high
  }

  /** Brings the parent of the node `low` of `level` in line with it: lists it, or merges it when it is too small. */
  reconcile(level: number, low: string): void {
    const { tree, isRoot } = parseNodeName(this.key)
    if (!isRoot && !this.exists) {
      this.tell(IndexNode, rootName(tree)).reconcile(level, low)
      this.destroy()
    } else if (this.high !== undefined && low >= this.high) {
      this.tell(IndexNode, nodeName(tree, this.level, this.high)).reconcile(level, low)
    } else if (this.level > level + 1) {
      this.tell(IndexNode, nodeName(tree, this.level - 1, childOf(this, low))).reconcile(level, low)
    } else if (this.level === level + 1) reconcileChild(this, low)
    else this.leave(HERE)
  }

  /** Takes over its right neighbour `low` and answers `low`; else its high fence, or '' when the two do not fit one. */
  absorb(low: string): string {
    const { tree } = parseNodeName(this.key)
    if (!this.exists) throw indexDamaged(tree, low)
    if (this.high !== low) return this.high ?? HERE
    const room = kvLimits.indexNodeItemsMax - this.count
    const content = this.actor(IndexNode, nodeName(tree, this.level, low)).release(room)
    if (content === undefined) return HERE
    this.items += content.items
    this.count += content.count
    this.high = content.high
    // A child that was alone below the absorbed node has a neighbour now that it may merge with.
    if (this.level > 0 && content.count === 1) this.tell(IndexNode, rootName(tree)).reconcile(this.level - 1, low)
    return low
  }

  /** Gives up what it holds and is gone, unless that is more than `room`. */
  release(room: number): NodeContent | undefined {
    if (!this.exists) throw indexDamaged(parseNodeName(this.key).tree, this.key)
    if (this.count > room) return undefined
    const content = { items: this.items, count: this.count, high: this.high }
    this.destroy()
    return content
  }

  /** A message creates its actor: one that has nothing to hold leaves no trace. */
  private leave(answer: string): string {
    if (!this.exists) this.destroy()
    return answer
  }
}

registerActor(IndexNode, {
  name: 'index.Node',
  internal: true,
  errors: [IndexDamaged],
  messages: { insert: {}, remove: {}, fill: {}, reconcile: {}, absorb: {}, release: {} },
  queries: { locate: {}, locateBelow: {}, page: {}, inner: {}, head: {} },
})

// Where to go on for `key`; undefined when the node is the leaf that covers it.
function elsewhere(node: IndexNode, key: string): string | undefined {
  const { tree, isRoot, low } = parseNodeName(node.key)
  if (!isRoot && (!node.exists || key < low)) return rootName(tree)
  if (node.high !== undefined && key >= node.high) return nodeName(tree, node.level, node.high)
  return node.level === 0 ? undefined : nodeName(tree, node.level - 1, childOf(node, key))
}

// The low fence of the child that covers `key`.
function childOf(node: IndexNode, key: string): string {
  const { items } = node
  const place = placeOf(items, key)
  const item = itemAt(items, place)
  if (item === key) return item
  const child = itemBefore(items, place)
  if (child === undefined) throw indexDamaged(parseNodeName(node.key).tree, key)
  return child
}

function addItem(node: IndexNode, item: string): void {
  const { items } = node
  const place = placeOf(items, item)
  if (itemAt(items, place) === item) return
  if (node.count >= kvLimits.indexNodeItemsMax) return split(node, item)
  node.items = withItem(items, place, item)
  node.count += 1
}

function removeItem(node: IndexNode, item: string): void {
  const { items } = node
  const place = placeOf(items, item)
  if (itemAt(items, place) !== item) return node.exists ? undefined : node.destroy()
  node.items = withoutItem(items, place)
  node.count -= 1
  shrunk(node)
}

// Too small to stay: a leaf without keys, an inner node with one child. An empty root leaf leaves no trace.
function shrunk(node: IndexNode): void {
  if (!isTooSmall(node.level, node.count)) return
  const { tree, isRoot, low } = parseNodeName(node.key)
  if (!isRoot) node.tell(IndexNode, rootName(tree)).reconcile(node.level, low)
  else if (node.level === 0) node.destroy()
}

function isTooSmall(level: number, count: number): boolean {
  return level === 0 ? count === 0 : count === 1
}

// Splits a full node that shall hold `item` too. Where it splits depends on what it holds already, so that transactions
// that met the same full node and are tried again all name the same new node.
function split(node: IndexNode, item: string): void {
  const name = parseNodeName(node.key)
  const { level, high } = node
  const items = unpackItems(node.items)
  const at = splitPoint(items, item)
  const fence = level === 0 ? fenceBetween(items[at - 1]!, items[at]!) : items[at]!
  const left = items.slice(0, at)
  const right = items.slice(at)
  const half = item < fence ? left : right
  half.push(item)
  half.sort(byUnits)
  node.actor(IndexNode, nodeName(name.tree, level, fence)).fill(level, packItems(right), right.length, high)
  if (name.isRoot) growRoot(node, name, left, fence)
  else shrinkTo(node, name, left, fence)
}

function growRoot(node: IndexNode, { tree }: NodeName, left: readonly string[], fence: string): void {
  const { level } = node
  node.actor(IndexNode, nodeName(tree, level, '')).fill(level, packItems(left), left.length, fence)
  node.level = level + 1
  node.items = packItems(['', fence])
  node.count = 2
}

function shrinkTo(node: IndexNode, { tree }: NodeName, left: readonly string[], fence: string): void {
  node.items = packItems(left)
  node.count = left.length
  node.high = fence
  node.tell(IndexNode, rootName(tree)).reconcile(node.level, fence)
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// At the parent of `low`. It reads the child as it is now, so it does not matter in which order it hears of it.
function reconcileChild(parent: IndexNode, low: string): void {
  const { tree } = parseNodeName(parent.key)
  const level = parent.level - 1
  const child = parent.actor(IndexNode, nodeName(tree, level, low)).head()
  // It was merged before its parent heard that it had come into being.
  if (child === undefined) return
  addItem(parent, low)
  // The parent may have split over it, and it may now be the child of another.
  const isChild = parent.level === level + 1 && (parent.high === undefined || low < parent.high)
  if (isChild && isTooSmall(level, child.count)) mergeChild(parent, low, child)
}

// Merges a child with its left neighbour, or, if it is the first child, with its right one.
function mergeChild(parent: IndexNode, low: string, child: NodeHead): void {
  const before = itemBefore(parent.items, placeOf(parent.items, low))
  if (before !== undefined) return mergeWithLeft(parent, low, before)
  const { high } = child
  if (high === undefined || (parent.high !== undefined && high >= parent.high)) return
  if (neighbour(parent, low).absorb(high) === high) removeItem(parent, high)
}

// Between the child and the one listed before it there may be others that the parent has not heard of.
function mergeWithLeft(parent: IndexNode, low: string, before: string): void {
  let left = before
  for (let hop = 0; hop < kvLimits.indexHopsMax; hop++) {
    const answer = neighbour(parent, left).absorb(low)
    if (answer === low) return removeItem(parent, low)
    if (answer === HERE || answer > low) return
    left = answer
  }
}

function neighbour(parent: IndexNode, low: string): LocalReference<IndexNode> {
  return parent.actor(IndexNode, nodeName(parseNodeName(parent.key).tree, parent.level - 1, low))
}
