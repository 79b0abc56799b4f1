// Watching keys: first what is there, then what each transaction changes of it, in the order of the commits. A batch is one
// transaction, so who applies batch after batch has, after each, the entries as they were at its version; and who comes
// back with the version of the last batch misses nothing.

import { StreamyError } from '@streamy-db/core'
import { AbortableIterator, type LayerChange, type LayerPort, type LayerSnapshot } from '@streamy-db/runtime'
import { PageFetcher } from './fetch-page.ts'
import { keyOfText, textOfKey } from './key-text.ts'
import { type KvResult, resultOf } from './kv-entry.ts'
import type { KvCalls } from './kv-calls.ts'
import type { KvKey } from './kv-key.ts'
import { kvLimits } from './limits.ts'
import { type ListPlan, planAfter } from './list-plan.ts'
import type { IndexRange } from './ordered-index/ordered-index.ts'
import { pageReader } from './read-page.ts'
import { type KvSelector, rangeOf } from './selector.ts'
import { spaceOf, textOf } from './space-name.ts'
import type { StoredEntry } from './stored-entry.ts'
import { type KvVersion, positionOf, versionOf } from './version.ts'

/** Options of a watch. */
export interface KvWatchOptions {
  /**
   * Go on behind the batch of this version: no snapshot, but what was changed since. HISTORY_TRIMMED is thrown when that
   * lies too far back; watch anew then, without it.
   */
  readonly from?: KvVersion
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** What one transaction changed of what is watched, or, first, what is there. */
export interface KvWatchBatch<Value = unknown, Key extends KvKey = KvKey> {
  /** What the entries are as of; `from` takes it. */
  readonly version: KvVersion
  /**
   * True for the first batch, unless it was asked to go on: it holds each watched key, or each entry of the range. False
   * for those behind it, which hold what has changed.
   */
  readonly snapshot: boolean
  /** An entry that was deleted, or has expired, has no value and no version. */
  readonly entries: readonly KvResult<Value, Key>[]
}

/** What is watched: keys, or a range of them. */
export type KvWatched<Key extends KvKey = KvKey> = readonly Key[] | KvSelector

/** Watches keys of a space. Throws OPTIONS_INVALID and KEY_INVALID. */
export function watch<Value, Key extends KvKey>(
  { port, calls, space }: { readonly port: LayerPort; readonly calls: KvCalls; readonly space: string },
  watched: KvWatched<Key>,
  { from, signal }: KvWatchOptions = {},
): AsyncIterableIterator<KvWatchBatch<Value, Key>> {
  const target: Target = isKeys(watched) ? new Keys(watched) : new Range(rangeOf(watched))
  const start = from === undefined ? undefined : positionOf(from)
  const generate = (aborting: AbortSignal): AsyncGenerator<KvWatchBatch> =>
    batchesOf(port, calls, space, target, start, aborting)
  // What the types say of a space's keys and values is what its users say.
  return new AbortableIterator(generate as (aborting: AbortSignal) => AsyncGenerator<KvWatchBatch<Value, Key>>, signal)
}

interface Target {
  includes(text: string): boolean
  read(port: LayerPort, calls: KvCalls, snapshot: LayerSnapshot): Promise<KvResult[]>
}

async function* batchesOf(
  port: LayerPort,
  calls: KvCalls,
  space: string,
  target: Target,
  from: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<KvWatchBatch> {
  let position = from
  if (position === undefined) {
    const snapshot = await port.snapshot()
    try {
      const entries = await target.read(port, calls, snapshot)
      // The first answer has fixed it.
      position = snapshot.position!
      yield { version: versionOf(position), snapshot: true, entries }
    } finally {
      snapshot.close()
    }
  }
  for await (const { changes } of port.changes({ types: ['kv.Entry'], from: position, signal }))
    for (const transaction of byPosition(changes)) {
      const entries = transaction
        .filter(({ ref }) => spaceOf(ref.key) === space && target.includes(textOf(ref.key)))
        .filter(({ before, after }) => writtenAt(before) !== writtenAt(after))
        .map(({ ref, after }) => resultOf(keyOfText(textOf(ref.key)), storedIn(after)))
      if (entries.length > 0) yield { version: versionOf(transaction[0]!.position), snapshot: false, entries }
    }
}

class Keys implements Target {
  readonly #keys = new Map<string, KvKey>()

  constructor(keys: readonly KvKey[]) {
    for (const key of keys) this.#keys.set(textOfKey(key), key)
  }

  includes(text: string): boolean {
    return this.#keys.has(text)
  }

  read(_port: LayerPort, calls: KvCalls, snapshot: LayerSnapshot): Promise<KvResult[]> {
    return Promise.all(
      // What the query `get` returns.
      Array.from(this.#keys, async ([text, key]) =>
        resultOf(key, (await snapshot.query(calls.get(text))) as StoredEntry | undefined),
      ),
    )
  }
}

class Range implements Target {
  readonly #range: IndexRange

  constructor(range: IndexRange) {
    this.#range = range
  }

  includes(text: string): boolean {
    const { from, to } = this.#range
    return text >= from && (to === undefined || text < to)
  }

  async read(port: LayerPort, calls: KvCalls, snapshot: LayerSnapshot): Promise<KvResult[]> {
    const readPage = pageReader(calls, port.partitions)
    const fetcher = new PageFetcher((rest, limit) => readPage(snapshot, rest, limit))
    const entries: KvResult[] = []
    let plan: ListPlan | undefined = { range: this.#range, descending: false, limit: Infinity }
    while (plan !== undefined) {
      const page = await fetcher.fetch(plan)
      for (const [text, stored] of page.entries) entries.push(resultOf(keyOfText(text), stored))
      if (entries.length > kvLimits.watchedEntriesMax) throw tooMany()
      plan = planAfter(plan, page)
    }
    return entries
  }
}

function isKeys(watched: KvWatched): watched is readonly KvKey[] {
  if (!Array.isArray(watched)) return false
  const keys: readonly unknown[] = watched
  if (keys.length > 0 && keys.every((key) => Array.isArray(key))) return true
  throw new StreamyError(
    'OPTIONS_INVALID',
    "A watch takes a list of keys, or a range: kv.watch([['users', 42]]), kv.watch({ prefix: ['users'] }).",
  )
}

function* byPosition(changes: readonly LayerChange[]): Iterable<readonly LayerChange[]> {
  for (let start = 0; start < changes.length;) {
    let end = start + 1
    while (end < changes.length && changes[end]!.position === changes[start]!.position) end += 1
    yield changes.slice(start, end)
    start = end
  }
}

type Fields = LayerChange['after']

function writtenAt(fields: Fields): unknown {
  return fields?.['writtenAt'] ?? 0
}

// The fields of `EntryActor`.
function storedIn(fields: Fields): StoredEntry | undefined {
  if (fields === undefined || writtenAt(fields) === 0) return undefined
  const {
    value,
    writtenAt: position,
    expiresAt,
  } = fields as unknown as {
    readonly value: unknown
    readonly writtenAt: number
    readonly expiresAt: number | undefined
  }
  return { value, position, expiresAt }
}

function tooMany(): StreamyError {
  return new StreamyError(
    'OPTIONS_INVALID',
    `The range to watch holds more than ${kvLimits.watchedEntriesMax} entries, too many for one snapshot. Watch a ` +
      'narrower one, or list it and watch from the version of the list.',
  )
}
