// KvAtomic: a transaction put together call by call, as Deno KV has it. Nothing is sent before `commit`.

import { textOfKey } from './key-text.ts'
import { checkOperand, expireInOf, freezeValue, type KvSetOptions } from './kv-calls.ts'
import type { KvKey } from './kv-key.ts'
import type { KvAssert, KvEntryAssert, KvFailed, KvUpdate } from './kv-transaction-data.ts'
import { transact, type TransactParts } from './transact.ts'
import type { KvVersion } from './version.ts'

/** Whether the transaction took effect. */
export type KvCommitResult<Value = unknown, Key extends KvKey = KvKey> =
  | { readonly ok: true; readonly version: KvVersion }
  | KvFailed<Value, Key>

/**
 * A transaction in the making. What cannot work throws where it is added.
 *
 * ```ts
 * const { value, version } = await kv.get(['stock'])
 * const { ok } = await kv.atomic().check({ key: ['stock'], version }).set(['stock'], value - 1).commit()
 * ```
 */
export class KvAtomic<Value = unknown, Key extends KvKey = KvKey> {
  readonly #parts: TransactParts
  readonly #asserts: KvAssert<Value, Key>[] = []
  readonly #updates: KvUpdate<Value, Key>[] = []

  constructor(parts: TransactParts) {
    this.#parts = parts
  }

  /** Demands that entries are as described: most often, still of the version that a get has answered. */
  check(...asserts: readonly KvEntryAssert<Value, Key>[]): this {
    this.#asserts.push(...asserts)
    return this
  }

  /** Sets a value. */
  set(key: Key, value: Value, options?: KvSetOptions): this {
    freezeValue(value)
    const expireIn = expireInOf(options)
    return this.#add(key, { set: key, value, ...(expireIn === undefined ? {} : { expireIn }) })
  }

  /** Deletes an entry, if there is one. */
  delete(key: Key): this {
    return this.#add(key, { delete: key })
  }

  /** Adds to a number or a bigint; without an entry, to nothing. */
  sum(key: Key, value: Value & (number | bigint)): this {
    checkOperand('sum', value)
    return this.#add(key, { sum: key, value })
  }

  /** Lowers a number or a bigint to `value`, if it is above. */
  min(key: Key, value: Value & (number | bigint)): this {
    checkOperand('min', value)
    return this.#add(key, { min: key, value })
  }

  /** Raises a number or a bigint to `value`, if it is below. */
  max(key: Key, value: Value & (number | bigint)): this {
    checkOperand('max', value)
    return this.#add(key, { max: key, value })
  }

  /** Appends text to text, the items of a list to a list, or bytes to bytes. */
  append(key: Key, value: Value): this {
    checkOperand('append', value)
    return this.#add(key, { append: key, value })
  }

  /** Runs it: all of it, or nothing when a check fails. */
  async commit(): Promise<KvCommitResult<Value, Key>> {
    const result = await transact(this.#parts, { asserts: this.#asserts, updates: this.#updates })
    return result.ok ? { ok: true, version: result.version } : result
  }

  #add(key: Key, update: KvUpdate<Value, Key>): this {
    textOfKey(key)
    this.#updates.push(update)
    return this
  }
}
