// EntryActor: one key of a space with its value. An overwrite touches this actor alone; a first write and a deletion also
// tell the index, which lists every key that has an actor. An entry whose time is over reads as absent from that moment
// of log time on, and a timer of its own removes it and its key.
//
//   absent --set, sum, …--> present --delete--> absent
//                              '--its time is over--> expired (reads as absent) --timer--> absent
//
// E1 The index lists the key exactly when the actor exists, expired or not.
// E2 A message that leaves the entry absent leaves no actor.
// E3 Every write moves the position, also one that writes the value that was there.

import { Actor, registerActor, type TimerHandle } from '@streamy-db/actors'
import type { Position } from '@streamy-db/core'
import { type EntryCondition, isAs } from './entry-condition.ts'
import { KvAssertFailed, KvTypeMismatch } from './kv-errors.ts'
import { type MergeKind, mergeValues } from './merge-values.ts'
import { IndexNode } from './ordered-index/index-node.ts'
import { OrderedIndex } from './ordered-index/ordered-index.ts'
import { spaceOf, textOf, treeOf } from './space-name.ts'
import type { StoredEntry } from './stored-entry.ts'

/** The leaf that a write took its key to, when it was not the one that the caller had named. */
export type WrittenTo = string | undefined

/**
 * What a set has created an entry in: the leaf that lists its key now, or, where the key of an expired entry was listed
 * still, the leaf that the caller had named, if any. Undefined when it was there.
 */
export type CreatedIn = string | undefined

/** An entry; see E1 to E3. `leaf` is where a caller believes that the key belongs in the index, and declares it. */
export class EntryActor extends Actor {
  value: unknown = undefined
  /** Of the last write; 0 when the entry is absent. */
  writtenAt = 0
  expiresAt: number | undefined = undefined
  private timer: TimerHandle | undefined = undefined

  /** What is stored; undefined when the entry is absent or expired. */
  get(): StoredEntry | undefined {
    if (!this.isLive()) return undefined
    return { value: this.value, position: this.writtenAt, expiresAt: this.expiresAt }
  }

  /** `get` as a message, for gets of a transaction. */
  read(): StoredEntry | undefined {
    const entry = this.get()
    this.leave()
    return entry
  }

  /** Writes a value, which is gone again after `expireIn` milliseconds. */
  set(value: unknown, expireIn?: number, leaf?: string): CreatedIn {
    const created = this.isLive() ? undefined : (this.list(leaf) ?? leaf ?? '')
    this.write(value)
    this.expire(expireIn)
    return created
  }

  /** Changes the value by an operand; without a value it becomes the operand. Keeps the time of expiry. */
  merge(kind: MergeKind, operand: unknown, leaf?: string): readonly [value: unknown, listed: WrittenTo] {
    const isLive = this.isLive()
    const value = mergeValues(kind, isLive ? this.value : undefined, operand)
    const listed = this.list(leaf)
    this.write(value)
    if (!isLive) this.expire(undefined)
    return [value, listed]
  }

  /** Deletes the entry; false when it was absent. */
  delete(leaf?: string): boolean {
    const wasLive = this.isLive()
    if (this.writtenAt !== 0) this.index().remove(textOf(this.key), leaf)
    this.destroy()
    return wasLive
  }

  /** Throws {@link KvAssertFailed} unless all conditions hold; `index` is which assert of the transaction it is. */
  check(conditions: readonly EntryCondition[], index: number): void {
    const entry = this.get()
    for (const condition of conditions) {
      if (isAs(entry, condition)) continue
      throw new KvAssertFailed(`Assert ${index} of the transaction does not hold: the entry is not ${condition.is}.`, {
        index,
        key: textOf(this.key),
        entry,
        count: undefined,
      })
    }
    this.leave()
  }

  /** The timer: removes the entry if its time is still over. */
  remove(): void {
    if (this.writtenAt === 0) this.destroy()
    else if (!this.isLive()) this.delete()
  }

  private isLive(): boolean {
    return this.writtenAt !== 0 && (this.expiresAt === undefined || this.now < this.expiresAt)
  }

  private leave(): void {
    if (this.writtenAt === 0) this.destroy()
  }

  private list(leaf: string | undefined): WrittenTo {
    if (this.writtenAt !== 0) return undefined
    const listed = this.index().insert(textOf(this.key), leaf)
    return listed === leaf ? undefined : listed
  }

  private write(value: unknown): void {
    this.value = value
    this.writtenAt = this.position satisfies Position
  }

  private expire(expireIn: number | undefined): void {
    if (this.timer !== undefined) {
      this.cancel(this.timer)
      this.timer = undefined
    }
    if (expireIn === undefined) {
      this.expiresAt = undefined
      return
    }
    this.expiresAt = this.now + expireIn
    this.timer = this.after(expireIn).remove()
  }

  private index(): OrderedIndex {
    return new OrderedIndex(this, treeOf(spaceOf(this.key)))
  }
}

registerActor(EntryActor, {
  name: 'kv.Entry',
  internal: true,
  errors: [KvAssertFailed, KvTypeMismatch],
  messages: {
    read: {},
    set: { touches: (self, _value, _expireIn, leaf) => (leaf === undefined ? [] : [self.actor(IndexNode, leaf)]) },
    merge: { touches: (self, _kind, _operand, leaf) => (leaf === undefined ? [] : [self.actor(IndexNode, leaf)]) },
    delete: { touches: (self, leaf) => (leaf === undefined ? [] : [self.actor(IndexNode, leaf)]) },
    check: {},
    remove: {},
  },
  queries: { get: {} },
})
