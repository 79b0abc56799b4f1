// Kv: one space of keys as a client uses it. It turns calls into messages of the layer's actors, and what they answer
// into entries; nothing is kept here but what routing remembers.

import type { Database } from '@streamy-db/runtime'
import { layerPortOf, type LayerPort } from '@streamy-db/runtime'
import { KvAtomic } from './atomic.ts'
import { textOfKey } from './key-text.ts'
import { KvCalls, type KvSetOptions } from './kv-calls.ts'
import type { CreatedIn } from './entry-actor.ts'
import { type KvResult, resultOf } from './kv-entry.ts'
import { kvInTransaction, type KvInTransaction } from './kv-in-transaction.ts'
import type { KvKey } from './kv-key.ts'
import { KvList } from './kv-list.ts'
import { watch, type KvWatchBatch, type KvWatched, type KvWatchOptions } from './kv-watch.ts'
import type { KvTransaction, KvTransactionResult } from './kv-transaction-data.ts'
import { LeafRouter } from './leaf-router.ts'
import { type KvListOptions, planOf } from './list-plan.ts'
import type { MergeKind, Widened } from './merge-values.ts'
import { pageReader } from './read-page.ts'
import { type KvSelector, rangeOf } from './selector.ts'
import { checkSpaceName, treeOf } from './space-name.ts'
import type { StoredEntry } from './stored-entry.ts'
import { transact, type TransactParts } from './transact.ts'
import { type KvMoment, type KvVersion, momentOf, versionOf } from './version.ts'

/**
 * A space of keys. Keys are lists of strings, numbers, bigints, booleans and bytes, sorted part by part; values are
 * whatever an actor's field may hold. `Value` and `Key` say, to the compiler, what this space holds.
 *
 * ```ts
 * const kv = db.kv<{ name: string }>('users')
 * await kv.set(['users', 42], { name: 'Ada' })
 * for await (const { key, value } of kv.list({ prefix: ['users'] })) console.log(key, value.name)
 * ```
 */
export class Kv<Value = unknown, Key extends KvKey = KvKey> {
  readonly space: string
  readonly #db: Database
  readonly #port: LayerPort
  readonly #calls: KvCalls
  readonly #router: LeafRouter
  readonly #parts: TransactParts

  /** @internal Use `kvSpace`, or `db.kv`. */
  constructor(db: Database, space: string) {
    checkSpaceName(space)
    this.space = space
    this.#db = db
    this.#port = layerPortOf(db)
    this.#calls = new KvCalls(space)
    this.#router = new LeafRouter(this.#port, treeOf(space))
    this.#parts = { port: this.#port, calls: this.#calls, router: this.#router }
  }

  /** The entry of a key; its value and version are undefined when there is none. */
  async get<Found extends Value = Value>(key: Key, options?: KvGetOptions): Promise<KvResult<Found, Key>> {
    const text = textOfKey(key)
    if (options?.at !== undefined) return (await this.#getAt<Found>([key], options.at))[0]!
    const [stored] = (await this.#port.query([this.#calls.get(text)])) as [StoredEntry | undefined]
    if (this.#router.isNeeded) this.#router.saw(text, stored !== undefined)
    return resultOf(key, stored)
  }

  /** The entries of several keys, all as of one moment, in the order of the keys. */
  async getMany<Found extends Value = Value>(
    keys: readonly Key[],
    options?: KvGetOptions,
  ): Promise<KvResult<Found, Key>[]> {
    if (options?.at !== undefined) return await this.#getAt<Found>(keys, options.at)
    const stored = await this.#port.query(keys.map((key) => this.#calls.get(textOfKey(key))))
    return stored.map((entry, index) => resultOf(keys[index]!, entry as StoredEntry | undefined))
  }

  /** Sets a value, over whatever was there; says whether there was nothing. */
  async set(
    key: Key,
    value: Value,
    options?: KvSetOptions,
  ): Promise<{ readonly version: KvVersion; readonly created: boolean }> {
    const text = textOfKey(key)
    const leaf = this.#router.isNeeded ? await this.#router.leafForWrite(text) : undefined
    const { position, results } = await this.#port.execute([this.#calls.set(text, value, options, leaf)])
    const createdIn = results[0] as CreatedIn
    this.#wrote(text, leaf, createdIn === leaf ? undefined : createdIn)
    return { version: versionOf(position), created: createdIn !== undefined }
  }

  /** Deletes an entry; says whether there was one. */
  async delete(key: Key): Promise<{ readonly version: KvVersion; readonly deleted: boolean }> {
    const text = textOfKey(key)
    const leaf = this.#router.isNeeded ? await this.#router.leafOf(text) : undefined
    const { position, results } = await this.#port.execute([this.#calls.delete(text, leaf)])
    this.#router.saw(text, false)
    return { version: versionOf(position), deleted: results[0] === true }
  }

  /** Deletes all entries of a range, in one transaction; says how many. At most `kvLimits.rangeEntriesMax`. */
  async deleteRange(selector: KvSelector): Promise<{ readonly version: KvVersion; readonly deleted: number }> {
    const { position, results } = await this.#port.execute([this.#calls.deleteAll(rangeOf(selector))])
    return { version: versionOf(position), deleted: Number(results[0]) }
  }

  /** Adds to a number or a bigint, or to nothing; answers the sum. Sums never conflict: they run in order. */
  sum<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Promise<KvMerged<Widened<Operand>>> {
    return this.#merge('sum', key, value)
  }

  /** Lowers a number or a bigint to `value`, if it is above; answers what it is then. */
  min<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Promise<KvMerged<Widened<Operand>>> {
    return this.#merge('min', key, value)
  }

  /** Raises a number or a bigint to `value`, if it is below; answers what it is then. */
  max<Operand extends Value & (number | bigint)>(key: Key, value: Operand): Promise<KvMerged<Widened<Operand>>> {
    return this.#merge('max', key, value)
  }

  /** Appends text to text, the items of a list to a list, or bytes to bytes; answers the whole. */
  append<Operand extends Value>(key: Key, value: Operand): Promise<KvMerged<Operand>> {
    return this.#merge('append', key, value)
  }

  /** The entries of a range in the order of their keys, all as of one moment, however long the reader takes. */
  list<Found extends Value = Value>(selector: KvSelector, options?: KvListOptions): KvList<Found, Key> {
    const readPage = pageReader(this.#calls, this.#port.partitions)
    return new KvList(this.#port, planOf(selector, options), readPage, options?.at)
  }

  /**
   * Watches keys, or a range: first a batch of what is there, then one for each transaction that changes any of it, until
   * the iteration is left or its signal aborts. `from` goes on behind a batch that was seen.
   *
   * ```ts
   * for await (const { version, entries } of kv.watch([['users', 42]])) console.log(version, entries)
   * ```
   */
  watch<Found extends Value = Value>(
    watched: KvWatched<Key>,
    options?: KvWatchOptions,
  ): AsyncIterableIterator<KvWatchBatch<Found, Key>> {
    return watch<Found, Key>({ port: this.#port, calls: this.#calls, space: this.space }, watched, options)
  }

  /** A transaction in the making: `kv.atomic().check(…).set(…).commit()`. */
  atomic(): KvAtomic<Value, Key> {
    return new KvAtomic(this.#parts)
  }

  /** Runs asserts, updates and gets as one transaction. A failed assert is a result: `{ ok: false, failed }`. */
  transact(transaction: KvTransaction<Value, Key>): Promise<KvTransactionResult<Value, Key>> {
    return transact(this.#parts, transaction)
  }

  /**
   * Runs a function that reads and then writes, as one transaction: reads see one moment, and if anything that was read
   * has changed when it commits, the function runs again. Writes are buffered; see `db.transaction`.
   */
  transaction<Result>(body: (kv: KvInTransaction<Value, Key>) => Promise<Result> | Result): Promise<Result> {
    return this.#db.transaction((tx) => body(kvInTransaction(tx, this)))
  }

  async #getAt<Found extends Value>(keys: readonly Key[], at: KvMoment): Promise<KvResult<Found, Key>[]> {
    const calls = keys.map((key) => this.#calls.get(textOfKey(key)))
    const snapshot = await this.#port.snapshotAt(momentOf(at))
    try {
      const stored = await Promise.all(calls.map((call) => snapshot.query(call)))
      return stored.map((entry, index) => resultOf(keys[index]!, entry as StoredEntry | undefined))
    } finally {
      snapshot.close()
    }
  }

  async #merge<Operand>(kind: MergeKind, key: Key, operand: unknown): Promise<KvMerged<Operand>> {
    const text = textOfKey(key)
    const leaf = this.#router.isNeeded ? await this.#router.leafForWrite(text) : undefined
    const { position, results } = await this.#port.execute([this.#calls.merge(kind, text, operand, leaf)])
    // What the message `merge` returns.
    const [value, listed] = results[0] as [Operand, string | undefined]
    this.#wrote(text, leaf, listed)
    return { version: versionOf(position), value }
  }

  #wrote(text: string, leaf: string | undefined, listed: unknown): void {
    if (!this.#router.isNeeded) return
    if (leaf !== undefined && listed !== undefined) this.#router.wasWrong(text)
    this.#router.saw(text, true)
  }
}

/** Options of a get. */
export interface KvGetOptions {
  /** As it was at this version, position or moment; unless stated, as it is. */
  readonly at?: KvMoment
}

/** What a sum, min, max or append came to. */
export interface KvMerged<Value> {
  readonly version: KvVersion
  readonly value: Value
}

/**
 * The key-value space `name` of a database: `db.kv(name)` of `streamy-db`. The database must have been opened with
 * {@link kvActors}.
 */
export function kvSpace<Value = unknown, Key extends KvKey = KvKey>(db: Database, name: string): Kv<Value, Key> {
  return new Kv(db, name)
}
