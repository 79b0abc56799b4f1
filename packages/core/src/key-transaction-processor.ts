// KeyTransactionProcessor: the lock, the queue and the committed value of one actor that has work in flight
// (DESIGN §5). Nodes stand in position order and are served strictly from the head:
//
//   run    a call whose footprint is its own actor, or the actor's timers: executes inline at the head and is gone,
//          unless its entry must first learn whether it counts
//   read   captures the value and is gone; it never blocks a later writer
//   write  captures the value and stays at the head until it is resolved, with a new value or with what was before
//
// K1 A read at t sees exactly the writes before t.
// K2 Writes that are resolved out of order leave the later position's value.
// K3 An abort is invisible: whoever stands behind it sees the value before it.
// K4 The nodes of one transaction are queued on all its local actors before the next transaction is looked at.
// K5 Nothing waits at a batch boundary; these queues are the only dependency graph.
// K6 A resolution of a resolved node, or a repeat, is ignored.
//
// K4 and K5 are kept by the engine, which calls `enqueue`; the rest is kept here.

import type { ActorRecord } from './actor-record.ts'
import { assert } from './errors.ts'
import type { Position } from './position.ts'

/** What a node does when it is served. */
export type NodeAction =
  /** Executes; answers false when it must wait at the head for a later `advance`. */
  | { readonly kind: 'run'; readonly run: () => boolean }
  | { readonly kind: 'read'; readonly captured: (record: ActorRecord | undefined) => void }
  | {
      readonly kind: 'write'
      readonly captured: (record: ActorRecord | undefined) => void
      /** Its resolution has taken effect. */
      readonly done: () => void
    }

/** How a write ends: with a new record (undefined destroys), or with nothing. */
export type Resolution =
  | { readonly kind: 'write'; readonly record: ActorRecord | undefined }
  | { readonly kind: 'none' }

/** The resolution of a write that has no effect. */
export const noWrite: Resolution = { kind: 'none' }

/** One place in the queue of one actor. */
export class LockNode {
  readonly position: Position
  readonly action: NodeAction
  captured = false
  resolution: Resolution | undefined = undefined

  constructor(position: Position, action: NodeAction) {
    this.position = position
    this.action = action
  }

  /** Ends a write; takes effect as soon as the node stands at the head. A repeat is ignored (K6). */
  resolve(resolution: Resolution): void {
    this.resolution ??= resolution
  }
}

/** The actor's committed value, kept by the engine's tables. */
export interface CommittedActor {
  readonly record: ActorRecord | undefined
  commit(record: ActorRecord | undefined, position: Position): void
}

/** The queue of one actor; see K1 to K6. */
export class KeyTransactionProcessor {
  readonly #actor: CommittedActor
  // From `#head` on; the places before it are free. `shift` would move all nodes of a long queue, at every one.
  readonly #nodes: LockNode[] = []
  #head = 0

  constructor(actor: CommittedActor) {
    this.#actor = actor
  }

  get idle(): boolean {
    return this.#head === this.#nodes.length
  }

  /** Queues a node behind those of lower position and before those of higher. */
  enqueue(node: LockNode): void {
    const nodes = this.#nodes
    let at = nodes.length
    while (at > this.#head && nodes[at - 1]!.position > node.position) at -= 1
    assert(at === nodes.length || !nodes[at]!.captured, 'a node is queued before its successors are served')
    nodes.splice(at, 0, node)
  }

  /** Serves nodes from the head until one must wait. */
  advance(): void {
    const nodes = this.#nodes
    for (let node = nodes[this.#head]; node !== undefined && this.#serve(node); node = nodes[this.#head]) {
      assert(node === nodes[this.#head], 'the head stays the head while it is served')
      this.#leaveHead()
      this.#commit(node)
    }
  }

  #leaveHead(): void {
    this.#head += 1
    if (this.#head * 2 < this.#nodes.length) return
    this.#nodes.splice(0, this.#head)
    this.#head = 0
  }

  // Whether the node is done with.
  #serve(node: LockNode): boolean {
    const { action } = node
    if (action.kind === 'run') return action.run()
    if (!node.captured) {
      node.captured = true
      action.captured(this.#actor.record)
    }
    return action.kind === 'read' || node.resolution !== undefined
  }

  // After the node has left the queue, so that timers which the commit brings to light find their place in it.
  #commit(node: LockNode): void {
    if (node.action.kind !== 'write') return
    if (node.resolution?.kind === 'write') this.#actor.commit(node.resolution.record, node.position)
    node.action.done()
  }
}
