// Keys of entries: the types, and what may be one. How they become bytes is in `tuple-codec.ts`.

/** One part of a key. Parts of one type sort by value; types sort: bytes, strings, bigints, numbers, booleans. */
export type KvKeyPart = Uint8Array | string | bigint | number | boolean

/** A key: a list of parts, compared part by part. `['users', 42]` lies under the prefix `['users']`. */
export type KvKey = readonly KvKeyPart[]
