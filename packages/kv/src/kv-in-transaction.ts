// KvInTransaction: a space inside `db.transaction`. Reads see the transaction's one moment, and every entry and every
// leaf of the index that they touched is asserted when it commits, so no key can have appeared in a range that was
// listed. Writes are buffered, and not seen by the reads.

import type { Reference } from '@streamy-db/actors'
import type { DatabaseTransaction } from '@streamy-db/runtime'
import { EntryActor } from './entry-actor.ts'
import { textOfKey } from './key-text.ts'
import { checkOperand, expireInOf, freezeValue, type KvSetOptions } from './kv-calls.ts'
import { PageFetcher } from './fetch-page.ts'
import { entryOfText, type KvEntry, type KvResult, resultOf } from './kv-entry.ts'
import type { KvKey } from './kv-key.ts'
import type { Kv } from './kv.ts'
import { type KvListOptions, type ListPlan, planAfter, planOf } from './list-plan.ts'
import type { MergeKind } from './merge-values.ts'
import { RangeActor } from './range-actor.ts'
import { type KvSelector, rangeOf } from './selector.ts'
import { keyInSpace } from './space-name.ts'
import type { EntriesPage } from './stored-entry.ts'

/** A space as the function of a transaction uses it. */
export interface KvInTransaction<Value = unknown, Key extends KvKey = KvKey> {
  /** The entry of a key, as of the transaction's moment. */
  get<Found extends Value = Value>(key: Key): Promise<KvResult<Found, Key>>
  /** The entries of several keys. */
  getMany<Found extends Value = Value>(keys: readonly Key[]): Promise<KvResult<Found, Key>[]>
  /** The entries of a range. */
  list<Found extends Value = Value>(selector: KvSelector, options?: KvListOptions): AsyncIterable<KvEntry<Found, Key>>
  /** Sets a value when the transaction commits; so do the others below. */
  set(key: Key, value: Value, options?: KvSetOptions): void
  delete(key: Key): void
  deleteRange(selector: KvSelector): void
  sum(key: Key, value: Value & (number | bigint)): void
  min(key: Key, value: Value & (number | bigint)): void
  max(key: Key, value: Value & (number | bigint)): void
  append(key: Key, value: Value): void
}

/** The space of `kv` within a transaction: `tx.kv(kv)` of `streamy-db`. */
export function kvInTransaction<Value, Key extends KvKey>(
  tx: DatabaseTransaction,
  kv: Kv<Value, Key>,
): KvInTransaction<Value, Key> {
  return new BufferedKv(tx, kv.space)
}

class BufferedKv<Value, Key extends KvKey> implements KvInTransaction<Value, Key> {
  readonly #tx: DatabaseTransaction
  readonly #space: string

  constructor(tx: DatabaseTransaction, space: string) {
    this.#tx = tx
    this.#space = space
  }

  async get<Found extends Value = Value>(key: Key): Promise<KvResult<Found, Key>> {
    return resultOf(key, await this.#entry(textOfKey(key)).get())
  }

  async getMany<Found extends Value = Value>(keys: readonly Key[]): Promise<KvResult<Found, Key>[]> {
    return await Promise.all(keys.map((key) => this.get<Found>(key)))
  }

  async *list<Found extends Value = Value>(
    selector: KvSelector,
    options?: KvListOptions,
  ): AsyncGenerator<KvEntry<Found, Key>> {
    const fetcher = new PageFetcher(({ range, descending }, limit) =>
      this.#range(range.from).list(range, limit, descending),
    )
    let plan: ListPlan | undefined = planOf(selector, options)
    while (plan !== undefined && plan.limit > 0) {
      const page: EntriesPage = await fetcher.fetch(plan)
      for (const [text, stored] of page.entries) yield entryOfText(text, stored)
      plan = planAfter(plan, page)
    }
  }

  set(key: Key, value: Value, options?: KvSetOptions): void {
    freezeValue(value)
    void this.#entry(textOfKey(key)).set(value, expireInOf(options))
  }

  delete(key: Key): void {
    void this.#entry(textOfKey(key)).delete()
  }

  deleteRange(selector: KvSelector): void {
    const range = rangeOf(selector)
    void this.#range(range.from).deleteAll(range)
  }

  sum(key: Key, value: Value & (number | bigint)): void {
    this.#merge('sum', key, value)
  }

  min(key: Key, value: Value & (number | bigint)): void {
    this.#merge('min', key, value)
  }

  max(key: Key, value: Value & (number | bigint)): void {
    this.#merge('max', key, value)
  }

  append(key: Key, value: Value): void {
    this.#merge('append', key, value)
  }

  #merge(kind: MergeKind, key: Key, operand: unknown): void {
    checkOperand(kind, operand)
    freezeValue(operand)
    void this.#entry(textOfKey(key)).merge(kind, operand)
  }

  #entry(text: string): Reference<EntryActor> {
    return this.#tx.actor(EntryActor, keyInSpace(this.#space, text))
  }

  #range(text: string): Reference<RangeActor> {
    return this.#tx.actor(RangeActor, keyInSpace(this.#space, text))
  }
}
