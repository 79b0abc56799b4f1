// What clients see of entries. Types, and how they are made of what the actors tell.

import { keyOfText } from './key-text.ts'
import type { KvKey } from './kv-key.ts'
import type { StoredEntry } from './stored-entry.ts'
import { type KvVersion, versionOf } from './version.ts'

/** An entry. */
export interface KvEntry<Value = unknown, Key extends KvKey = KvKey> {
  readonly key: Key
  readonly value: Value
  /** Of the last write; versions sort in the order of the commits, as text. */
  readonly version: KvVersion
  /** When it is gone, in milliseconds since 1970. */
  readonly expiresAt?: number
}

/** What stands in place of an entry where there is none. */
export interface KvAbsent<Key extends KvKey = KvKey> {
  readonly key: Key
  readonly value: undefined
  readonly version: undefined
}

/** What a get answers. */
export type KvResult<Value = unknown, Key extends KvKey = KvKey> = KvEntry<Value, Key> | KvAbsent<Key>

/** What is stored under `key`, as clients see it. */
export function resultOf<Value, Key extends KvKey>(key: Key, stored: StoredEntry | undefined): KvResult<Value, Key> {
  if (stored === undefined) return { key, value: undefined, version: undefined }
  return entryOf<Value, Key>(key, stored)
}

/** The entry that is stored under the key with this text. */
export function entryOfText<Value, Key extends KvKey>(text: string, stored: StoredEntry): KvEntry<Value, Key> {
  // What the types say of a space's keys and values is what its users say.
  return entryOf<Value, Key>(keyOfText(text) as unknown as Key, stored)
}

function entryOf<Value, Key extends KvKey>(key: Key, stored: StoredEntry): KvEntry<Value, Key> {
  const { position, expiresAt } = stored
  const entry = { key, value: stored.value as Value, version: versionOf(position) }
  return expiresAt === undefined ? entry : { ...entry, expiresAt }
}
