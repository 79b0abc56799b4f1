// RangeActor: does what concerns a range of a space. It has no state and leaves no actor; it is where the handlers run
// that walk over the index and its entries. As queries they answer lists, at one position; as messages they take part in
// transactions, where what they have read is fixed by the log order: no key can appear in a range behind their back.

import { Actor, registerActor } from '@streamy-db/actors'
import { EntryActor } from './entry-actor.ts'
import { KvAssertFailed, KvRangeTooLarge } from './kv-errors.ts'
import { kvLimits } from './limits.ts'
import { type IndexRange, OrderedIndex } from './ordered-index/ordered-index.ts'
import { keyInSpace, spaceOf, treeOf } from './space-name.ts'
import type { EntriesPage, KeysPage, StoredEntry } from './stored-entry.ts'

/** What an assert demands of a range: how many entries it holds, or exactly which, in order, last written when. */
export type RangeCondition =
  | { readonly holds: 'count'; readonly count: number }
  | { readonly holds: 'entries'; readonly entries: readonly (readonly [text: string, position: number])[] }

/** A range at work. Its key is that of an entry; any will do. */
export class RangeActor extends Actor {
  /**
   * The first entries of a range, `limit` at most. There are fewer, and yet a rest, where it met so many expired ones
   * that it has looked at `rangeEntriesMax` keys.
   */
  list(range: IndexRange, limit: number, descending: boolean): EntriesPage {
    const entries: [string, StoredEntry][] = []
    const seenMax = Math.max(limit, kvLimits.rangeEntriesMax)
    let rest = range
    let seen = 0
    while (entries.length < limit && seen < seenMax) {
      const wanted = Math.min(limit - entries.length, seenMax - seen)
      const keys = [...this.index().pages(rest, { descending, limit: wanted })].flat()
      for (const text of keys) {
        const entry = this.entry(text)
        if (entry !== undefined) entries.push([text, entry])
      }
      if (keys.length < wanted) return { entries, next: undefined }
      seen += keys.length
      rest = behind(rest, keys.at(-1)!, descending)
    }
    return { entries, next: descending ? rest.to : rest.from }
  }

  /** The first keys of a range, `limit` at most, also those of entries that have expired. */
  keys(range: IndexRange, limit: number, descending: boolean): KeysPage {
    const keys = [...this.index().pages(range, { descending, limit })].flat()
    if (keys.length < limit) return { keys, next: undefined }
    const rest = behind(range, keys.at(-1)!, descending)
    return { keys, next: descending ? rest.to : rest.from }
  }

  /** `list` as a message, for gets of a transaction. */
  read(range: IndexRange, limit: number, descending: boolean): EntriesPage {
    const page = this.list(range, limit, descending)
    this.destroy()
    return page
  }

  /** Deletes every entry of a range; answers how many there were. Throws {@link KvRangeTooLarge}. */
  deleteAll(range: IndexRange): number {
    let count = 0
    for (const text of this.keysOf(range)) if (this.actor(EntryActor, this.keyOf(text)).delete()) count += 1
    this.destroy()
    return count
  }

  /** Throws {@link KvAssertFailed} unless the range is as demanded, and {@link KvRangeTooLarge}. */
  check(range: IndexRange, condition: RangeCondition, index: number): void {
    const found: [string, StoredEntry][] = []
    for (const text of this.keysOf(range)) {
      const entry = this.entry(text)
      if (entry !== undefined) found.push([text, entry])
    }
    if (condition.holds === 'entries') checkEntries(this, found, condition.entries, index)
    else if (found.length !== condition.count) throw failed(index, undefined, undefined, found.length)
    this.destroy()
  }

  /** The entry of a key in this space. */
  entry(text: string): StoredEntry | undefined {
    return this.actor(EntryActor, this.keyOf(text)).get()
  }

  private keyOf(text: string): string {
    return keyInSpace(spaceOf(this.key), text)
  }

  private keysOf(range: IndexRange): readonly string[] {
    const { rangeEntriesMax } = kvLimits
    const keys = [...this.index().pages(range, { descending: false, limit: rangeEntriesMax + 1 })].flat()
    if (keys.length <= rangeEntriesMax) return keys
    throw new KvRangeTooLarge(
      `A range holds more than ${rangeEntriesMax} keys, the most that one operation takes. Take smaller ranges.`,
      { entriesMax: rangeEntriesMax },
    )
  }

  private index(): OrderedIndex {
    return new OrderedIndex(this, treeOf(spaceOf(this.key)))
  }
}

registerActor(RangeActor, {
  name: 'kv.Range',
  internal: true,
  errors: [KvAssertFailed, KvRangeTooLarge],
  messages: { read: {}, deleteAll: {}, check: {} },
  queries: { list: {}, keys: {}, entry: {} },
})

// The least text above a key is the key and the least character.
function behind(range: IndexRange, key: string, descending: boolean): IndexRange {
  return descending ? { ...range, to: key } : { ...range, from: `${key}\x01` }
}

// Both lists are in the order of their keys, so the first difference is the least key that only one of them holds, or
// that was written at another time.
function checkEntries(
  range: RangeActor,
  found: readonly (readonly [string, StoredEntry])[],
  expected: readonly (readonly [string, number])[],
  index: number,
): void {
  for (let at = 0; at < Math.max(found.length, expected.length); at++) {
    const [there, entry] = found[at] ?? []
    const [wanted, position] = expected[at] ?? []
    if (there === wanted && entry?.position === position) continue
    const key = there === undefined || (wanted !== undefined && wanted < there) ? wanted : there
    throw failed(index, key, key === undefined ? undefined : range.entry(key), undefined)
  }
}

function failed(
  index: number,
  key: string | undefined,
  entry: StoredEntry | undefined,
  count: number | undefined,
): KvAssertFailed {
  const message = `Assert ${index} of the transaction does not hold: the range holds other entries.`
  return new KvAssertFailed(message, { index, key, entry, count })
}
