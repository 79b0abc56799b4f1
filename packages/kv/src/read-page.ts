// Reads one page of a list from a snapshot. With one partition a single query does it. With several, a query that went
// over entries of other workers would fetch their records one after another, and run again for each; so there it goes
// over the index only, and all entries are asked for at once, each where it is.

import type { LayerSnapshot } from '@streamy-db/runtime'
import type { KvCalls } from './kv-calls.ts'
import type { ListPlan } from './list-plan.ts'
import type { EntriesPage, KeysPage, StoredEntry } from './stored-entry.ts'

/** Reads at most `limit` entries of what is planned. */
export type ReadPage = (snapshot: LayerSnapshot, plan: ListPlan, limit: number) => Promise<EntriesPage>

/** How pages are read from a database of so many partitions. */
export function pageReader(calls: KvCalls, partitions: number): ReadPage {
  return partitions === 1
    ? async (snapshot, { range, descending }, limit) =>
        // What the query `list` returns.
        (await snapshot.query(calls.list(range, limit, descending))) as EntriesPage
    : (snapshot, plan, limit) => gather(calls, snapshot, plan, limit)
}

async function gather(
  calls: KvCalls,
  snapshot: LayerSnapshot,
  { range, descending }: ListPlan,
  limit: number,
): Promise<EntriesPage> {
  // What the query `keys` returns.
  const { keys, next } = (await snapshot.query(calls.keys(range, limit, descending))) as KeysPage
  const stored = await Promise.all(keys.map((text) => snapshot.query(calls.get(text))))
  const entries: [string, StoredEntry][] = []
  for (const [index, text] of keys.entries()) {
    // What the query `get` returns; undefined for an entry that has expired and is still in the index.
    const entry = stored[index] as StoredEntry | undefined
    if (entry !== undefined) entries.push([text, entry])
  }
  return { entries, next }
}
