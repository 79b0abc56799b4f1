// KvModel: the key-value layer as a plain sorted list of entries, for tests to compare with. It knows nothing of actors,
// indexes, partitions or timers; it shares with the layer its types and the order of keys, which has a test of its own.

import { isDeepStrictEqual } from 'node:util'
import { textOfKey } from '../key-text.ts'
import type { KvEntry, KvResult } from '../kv-entry.ts'
import type { KvKey, KvKeyPart } from '../kv-key.ts'
import type { KvAssert, KvEntryAssert, KvGet, KvTransaction, KvUpdate } from '../kv-transaction-data.ts'
import type { KvSelector } from '../selector.ts'

/** What a transaction comes to; gets of ranges are lists of entries. */
export type ModelResult =
  | { readonly ok: true; readonly gets: readonly (KvResult | readonly KvEntry[])[] }
  | {
      readonly ok: false
      readonly index: number
      readonly entry: KvResult | undefined
      readonly count: number | undefined
    }
  | 'mismatch'

interface ModelEntry {
  readonly key: KvKey
  readonly value: unknown
  readonly version: string
  readonly expiresAt: number | undefined
}

type Entries = Map<string, ModelEntry>

/** A space; see the header. */
export class KvModel {
  #entries: Entries = new Map()

  /** Runs a transaction at a moment of log time; what it writes has `version`. */
  apply({ asserts = [], updates = [], gets = [] }: KvTransaction, now: number, version: string): ModelResult {
    this.#entries = new Map(
      [...this.#entries].filter(([, entry]) => entry.expiresAt === undefined || now < entry.expiresAt),
    )
    for (const [index, assert] of asserts.entries()) {
      const failed = this.#check(assert)
      if (failed !== undefined) return { ok: false, index, ...failed }
    }
    const before = new Map(this.#entries)
    for (const update of updates) {
      if (this.#update(update, now, version)) continue
      this.#entries = before
      return 'mismatch'
    }
    return { ok: true, gets: gets.map((get) => this.#get(get)) }
  }

  /** All that a selector selects at a moment, in order. */
  select(selector: KvSelector, now: number): KvEntry[] {
    this.apply({}, now, '')
    return this.#range(selector).map(entryOf)
  }

  #check(assert: KvAssert): { entry: KvResult | undefined; count: number | undefined } | undefined {
    if ('range' in assert) {
      const found = this.#range(assert.range)
      if (assert.entries === undefined)
        return found.length === (assert.count ?? 0) ? undefined : { entry: undefined, count: found.length }
      const wanted = new Map(assert.entries.map(({ key, version }) => [textOfKey(key), { key, version }]))
      const texts = [...new Set([...wanted.keys(), ...found.map(({ key }) => textOfKey(key))])].sort(byUnits)
      const ranged = new Set(found.map(({ key }) => textOfKey(key)))
      const other = texts.find(
        (text) => !ranged.has(text) || wanted.get(text)?.version !== this.#entries.get(text)!.version,
      )
      return other === undefined
        ? undefined
        : { entry: this.#result(this.#entries.get(other)?.key ?? wanted.get(other)!.key), count: undefined }
    }
    return this.#holds(assert) ? undefined : { entry: this.#result(assert.key), count: undefined }
  }

  #holds(assert: KvEntryAssert): boolean {
    const entry = this.#entries.get(textOfKey(assert.key))
    if ('version' in assert && (assert.version ?? undefined) !== entry?.version) return false
    if (assert.exists !== undefined && assert.exists !== (entry !== undefined)) return false
    if (assert.value !== undefined && (entry === undefined || !isDeepStrictEqual(entry.value, assert.value)))
      return false
    if (assert.not !== undefined && entry !== undefined && isDeepStrictEqual(entry.value, assert.not)) return false
    const tests: readonly [unknown, (a: number, b: number) => boolean][] = [
      [assert.lt, (a, b) => a < b],
      [assert.lte, (a, b) => a <= b],
      [assert.gt, (a, b) => a > b],
      [assert.gte, (a, b) => a >= b],
    ]
    return tests.every(([bound, test]) => {
      if (bound === undefined) return true
      const value = entry?.value
      const comparable = ['number', 'bigint', 'string'].includes(typeof value) && typeof value === typeof bound
      return comparable && test(value as number, bound as number)
    })
  }

  // False when a merge met a value of another kind.
  #update(update: KvUpdate, now: number, version: string): boolean {
    if ('set' in update) {
      const { value, expireIn } = update
      this.#put(update.set, value, version, expireIn === undefined ? undefined : now + expireIn)
    } else if ('delete' in update) this.#entries.delete(textOfKey(update.delete))
    else if ('deleteRange' in update)
      for (const { key } of this.#range(update.deleteRange)) this.#entries.delete(textOfKey(key))
    else if ('append' in update) return this.#merge(update.append, update.value, version, append)
    else if ('sum' in update)
      return this.#merge(update.sum, update.value, version, (a, b) =>
        numeric(a, b, () => (a as number) + (b as number)),
      )
    else if ('min' in update)
      return this.#merge(update.min, update.value, version, (a, b) =>
        numeric(a, b, () => ((a as number) < (b as number) ? a : b)),
      )
    else
      return this.#merge(update.max, update.value, version, (a, b) =>
        numeric(a, b, () => ((a as number) > (b as number) ? a : b)),
      )
    return true
  }

  #merge(key: KvKey, operand: unknown, version: string, how: (a: unknown, b: unknown) => unknown): boolean {
    const entry = this.#entries.get(textOfKey(key))
    const value = entry === undefined ? operand : how(entry.value, operand)
    if (value === undefined) return false
    this.#put(key, value, version, entry?.expiresAt)
    return true
  }

  #put(key: KvKey, value: unknown, version: string, expiresAt: number | undefined): void {
    this.#entries.set(textOfKey(key), { key, value, version, expiresAt })
  }

  #get(get: KvGet): KvResult | readonly KvEntry[] {
    if (!('range' in get)) return this.#result(get)
    const entries = this.#range(get.range).map(entryOf)
    return (get.reverse === true ? entries.toReversed() : entries).slice(0, get.limit)
  }

  #result(key: KvKey): KvResult {
    const entry = this.#entries.get(textOfKey(key))
    return entry === undefined ? { key, value: undefined, version: undefined } : entryOf(entry)
  }

  #range({ prefix = [], start, end }: KvSelector): ModelEntry[] {
    return [...this.#entries]
      .filter(([text, { key }]) => {
        if (!beginsWith(key, prefix)) return false
        return (start === undefined || text >= textOfKey(start)) && (end === undefined || text < textOfKey(end))
      })
      .sort(([a], [b]) => byUnits(a, b))
      .map(([, entry]) => entry)
  }
}

function entryOf({ key, value, version, expiresAt }: ModelEntry): KvEntry {
  return expiresAt === undefined ? { key, value, version } : { key, value, version, expiresAt }
}

function beginsWith(key: KvKey, prefix: readonly KvKeyPart[]): boolean {
  const longer = prefix.length === 0 ? key.length > 0 : key.length > prefix.length
  return longer && prefix.every((part, index) => isDeepStrictEqual(part, key[index]))
}

function append(a: unknown, b: unknown): unknown {
  if (typeof a === 'string' && typeof b === 'string') return a + b
  return Array.isArray(a) && Array.isArray(b) ? [...(a as unknown[]), ...(b as unknown[])] : undefined
}

function numeric(a: unknown, b: unknown, result: () => unknown): unknown {
  return ['number', 'bigint'].includes(typeof a) && typeof a === typeof b ? result() : undefined
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
