// KvInHandler: a space inside the handler of an actor: synchronous, and part of the handler's transaction. What it uses
// belongs to the footprint: on a cluster, name it with `kvRef` in `touches`, or the transaction is tried again with it.

import type { Actor, LocalReference } from '@streamy-db/actors'
import { type ActorRef, actorRef } from '@streamy-db/core'
import { EntryActor } from './entry-actor.ts'
import { textOfKey } from './key-text.ts'
import { checkOperand, expireInOf, freezeValue, type KvSetOptions } from './kv-calls.ts'
import { entryOfText, type KvEntry, type KvResult, resultOf } from './kv-entry.ts'
import type { KvKey } from './kv-key.ts'
import { type KvListOptions, planOf } from './list-plan.ts'
import type { MergeKind, Widened } from './merge-values.ts'
import { OrderedIndex } from './ordered-index/ordered-index.ts'
import { RangeActor } from './range-actor.ts'
import { type KvSelector, rangeOf } from './selector.ts'
import { checkSpaceName, keyInSpace, treeOf } from './space-name.ts'

/** A space as a handler uses it. */
export class KvInHandler<Value = unknown, Key extends KvKey = KvKey> {
  readonly #actor: Actor
  readonly #space: string

  /** @internal Use `kvInHandler`, or `this.kv`. */
  constructor(actor: Actor, space: string) {
    checkSpaceName(space)
    this.#actor = actor
    this.#space = space
  }

  /** The entry of a key; its value and version are undefined when there is none. */
  get<Found extends Value = Value>(key: Key): KvResult<Found, Key> {
    return resultOf(key, this.#entry(key).get())
  }

  /** The entries of several keys. */
  getMany<Found extends Value = Value>(keys: readonly Key[]): KvResult<Found, Key>[] {
    return keys.map((key) => this.get<Found>(key))
  }

  /** The entries of a range, in the order of their keys. */
  *list<Found extends Value = Value>(selector: KvSelector, options?: KvListOptions): Generator<KvEntry<Found, Key>> {
    const { range, descending, limit } = planOf(selector, options)
    let rest = limit
    // Expired entries are in the index for a while, so the limit is counted here.
    for (const keys of new OrderedIndex(this.#actor, treeOf(this.#space)).pages(range, { descending, limit: Infinity }))
      for (const text of keys) {
        if (rest <= 0) return
        const stored = this.#actor.actor(EntryActor, keyInSpace(this.#space, text)).get()
        if (stored === undefined) continue
        yield entryOfText(text, stored)
        rest -= 1
      }
  }

  /** Sets a value. */
  set(key: Key, value: Value, options?: KvSetOptions): void {
    freezeValue(value)
    this.#entry(key).set(value, expireInOf(options))
  }

  /** Deletes an entry; false when there was none. */
  delete(key: Key): boolean {
    return this.#entry(key).delete()
  }

  /** Deletes all entries of a range; answers how many. At most `kvLimits.rangeEntriesMax`. */
  deleteRange(selector: KvSelector): number {
    const range = rangeOf(selector)
    return this.#range(range.from).deleteAll(range)
  }

  /** Adds to a number or a bigint, or to nothing; answers the sum. */
  sum<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Widened<Operand> {
    return this.#merge('sum', key, value) as Widened<Operand>
  }

  /** Lowers a number or a bigint to `value`, if it is above; answers what it is then. */
  min<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Widened<Operand> {
    return this.#merge('min', key, value) as Widened<Operand>
  }

  /** Raises a number or a bigint to `value`, if it is below; answers what it is then. */
  max<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Widened<Operand> {
    return this.#merge('max', key, value) as Widened<Operand>
  }

  /** Appends text to text, the items of a list to a list, or bytes to bytes; answers the whole. */
  append<Operand extends Value>(key: Key, value: Operand): Operand {
    return this.#merge('append', key, value) as Operand
  }

  // What comes back is of the operand's type, or the entry has thrown: so say the casts above.
  #merge(kind: MergeKind, key: Key, operand: unknown): unknown {
    checkOperand(kind, operand)
    freezeValue(operand)
    const [value] = this.#entry(key).merge(kind, operand)
    return value
  }

  #entry(key: Key): LocalReference<EntryActor> {
    return this.#actor.actor(EntryActor, keyInSpace(this.#space, textOfKey(key)))
  }

  #range(text: string): LocalReference<RangeActor> {
    return this.#actor.actor(RangeActor, keyInSpace(this.#space, text))
  }
}

/** The space `name` within the handler of `actor` that runs: `this.kv(name)` of `streamy-db`. */
export function kvInHandler<Value = unknown, Key extends KvKey = KvKey>(
  actor: Actor,
  name: string,
): KvInHandler<Value, Key> {
  return new KvInHandler(actor, name)
}

/**
 * The entry of a key as `touches` names it.
 *
 * ```ts
 * @message({ touches: (self, user: string) => [reads(kvRef('settings', ['limit', user]))] })
 * ```
 */
export function kvRef(space: string, key: KvKey): ActorRef {
  checkSpaceName(space)
  return actorRef('kv.Entry', keyInSpace(space, textOfKey(key)))
}
