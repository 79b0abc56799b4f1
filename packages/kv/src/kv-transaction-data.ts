// Transactions as plain data: what `transact` takes and answers. Types only.

import type { KvEntry, KvResult } from './kv-entry.ts'
import type { KvKey } from './kv-key.ts'
import type { KvListOptions } from './list-plan.ts'
import type { KvSelector } from './selector.ts'
import type { KvVersion } from './version.ts'

/** Demands on one entry: all that are given must hold. */
export interface KvEntryAssert<Value = unknown, Key extends KvKey = KvKey> {
  readonly key: Key
  /** It has this value, by content. */
  readonly value?: Value
  /** It has another value, or there is none. */
  readonly not?: Value
  /** It was last written by this version; `undefined` and `null` demand that there is none. */
  readonly version?: KvVersion | null | undefined
  readonly exists?: boolean
  /** It is a number, bigint or string below this one. */
  readonly lt?: Value
  readonly lte?: Value
  readonly gt?: Value
  readonly gte?: Value
}

/** A demand on a range, as of the transaction: no entry can appear in it unnoticed. */
export interface KvRangeAssert<Key extends KvKey = KvKey> {
  readonly range: KvSelector
  readonly empty?: boolean
  /** It holds so many entries. */
  readonly count?: number
  /** It holds exactly these entries, each last written by its version: what a list has answered is still so. */
  readonly entries?: readonly { readonly key: Key; readonly version: KvVersion }[]
}

/** What must hold for the transaction to have an effect. */
export type KvAssert<Value = unknown, Key extends KvKey = KvKey> = KvEntryAssert<Value, Key> | KvRangeAssert<Key>

/** A change. Those of one key apply in their order. */
export type KvUpdate<Value = unknown, Key extends KvKey = KvKey> =
  | { readonly set: Key; readonly value: Value; readonly expireIn?: number }
  | { readonly delete: Key }
  | { readonly deleteRange: KvSelector }
  | { readonly sum: Key; readonly value: Value & (number | bigint) }
  | { readonly min: Key; readonly value: Value & (number | bigint) }
  | { readonly max: Key; readonly value: Value & (number | bigint) }
  | { readonly append: Key; readonly value: Value }

/** What to read after the updates, within the transaction: a key, or a range. */
export type KvGet<Key extends KvKey = KvKey> = Key | KvRangeGet

/** Entries of a range to be read within a transaction; the limit is 500 when none is given. */
export interface KvRangeGet extends KvListOptions {
  readonly range: KvSelector
}

/** A transaction: asserts, then updates, then gets, all at one position or none at all. */
export interface KvTransaction<Value = unknown, Key extends KvKey = KvKey> {
  readonly asserts?: readonly KvAssert<Value, Key>[]
  readonly updates?: readonly KvUpdate<Value, Key>[]
  readonly gets?: readonly KvGet<Key>[]
}

/** The entries of a range, as a transaction has read them. */
export interface KvRangeResult<Value = unknown, Key extends KvKey = KvKey> {
  readonly entries: readonly KvEntry<Value, Key>[]
  /** Continues the range in a list; undefined when it is over. */
  readonly cursor: string | undefined
}

/** The transaction took effect. */
export interface KvCommitted<Value = unknown, Key extends KvKey = KvKey> {
  readonly ok: true
  readonly version: KvVersion
  /** What was read, in the order of `gets`. */
  readonly gets: readonly (KvResult<Value, Key> | KvRangeResult<Value, Key>)[]
}

/** The transaction had no effect because an assert does not hold. */
export interface KvFailed<Value = unknown, Key extends KvKey = KvKey> {
  readonly ok: false
  readonly failed: {
    /** Which assert, from 0. */
    readonly index: number
    readonly assert: KvAssert<Value, Key>
    /** What the entry is now; for a range, the first entry that is not as demanded. */
    readonly entry: KvResult<Value, Key> | undefined
    /** How many entries the range holds, where that was demanded. */
    readonly count: number | undefined
  }
}

/** What a transaction came to. */
export type KvTransactionResult<Value = unknown, Key extends KvKey = KvKey> =
  | KvCommitted<Value, Key>
  | KvFailed<Value, Key>
