// Reads of ranges that are named by encoded keys rather than by keys: for protocols whose clients speak in bytes. A bound
// need not be a whole key, so a range may begin or end within one.

import { type Database, layerPortOf } from '@streamy-db/runtime'
import { PageFetcher } from './fetch-page.ts'
import { bytesOfText, keyOfText, textOfBytes } from './key-text.ts'
import { KvCalls } from './kv-calls.ts'
import { type ListPlan, planAfter } from './list-plan.ts'
import { pageReader } from './read-page.ts'
import { checkSpaceName } from './space-name.ts'
import type { StoredEntry } from './stored-entry.ts'
import { type KvVersion, versionOf } from './version.ts'

/** Keys from `start` on, before `end`, in encoded form. */
export interface ByteRange {
  readonly start: Uint8Array
  readonly end: Uint8Array
  /** Entries, at most. */
  readonly limit: number
  readonly reverse: boolean
}

/** An entry under its encoded key. */
export interface ByteEntry {
  readonly key: Uint8Array
  readonly value: unknown
  readonly version: KvVersion
}

/** The entries of several ranges of a space, all as of one moment, in the order of the ranges. */
export async function readByteRanges(
  db: Database,
  space: string,
  ranges: readonly ByteRange[],
): Promise<ByteEntry[][]> {
  checkSpaceName(space)
  const port = layerPortOf(db)
  const calls = new KvCalls(space)
  const snapshot = await port.snapshot()
  try {
    const readPage = pageReader(calls, port.partitions)
    const read = async (range: ByteRange): Promise<ByteEntry[]> => {
      const point = await snapshotEntry(range, (text) => snapshot.query(calls.get(text)))
      if (point !== undefined) return [byteEntry(...point)]
      const fetcher = new PageFetcher((plan, limit) => readPage(snapshot, plan, limit))
      return await readAll(fetcher, planOf(range))
    }
    // The first range fixes the moment of the others.
    const [first, ...others] = ranges
    if (first === undefined) return []
    return [await read(first), ...(await Promise.all(others.map(read)))]
  } finally {
    snapshot.close()
  }
}

// Clients ask for one key as the first of a range. When it is there, it is the answer, and no index is walked for it.
async function snapshotEntry(
  { start, end, limit, reverse }: ByteRange,
  get: (text: string) => Promise<unknown>,
): Promise<readonly [text: string, entry: StoredEntry] | undefined> {
  const text = textOfBytes(start)
  if (limit !== 1 || reverse || text >= textOfBytes(end) || !isKey(text)) return undefined
  const stored = (await get(text)) as StoredEntry | undefined
  return stored && [text, stored]
}

function isKey(text: string): boolean {
  try {
    return keyOfText(text).length > 0
  } catch {
    return false
  }
}

function planOf({ start, end, limit, reverse }: ByteRange): ListPlan {
  const [from, to] = [textOfBytes(start), textOfBytes(end)]
  return { range: { from, to: to < from ? from : to }, descending: reverse, limit }
}

async function readAll(fetcher: PageFetcher, whole: ListPlan): Promise<ByteEntry[]> {
  const entries: ByteEntry[] = []
  let plan: ListPlan | undefined = whole.limit === 0 ? undefined : whole
  while (plan !== undefined) {
    const page = await fetcher.fetch(plan)
    for (const [text, stored] of page.entries) entries.push(byteEntry(text, stored))
    plan = planAfter(plan, page)
  }
  return entries
}

function byteEntry(text: string, { value, position }: StoredEntry): ByteEntry {
  return { key: bytesOfText(text), value, version: versionOf(position) }
}
