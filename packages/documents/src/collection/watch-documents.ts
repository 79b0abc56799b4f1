// Watching a collection: what each transaction changes of it, in the order of the commits. A batch is one transaction, so
// who applies batch after batch has, after each, the documents as they were at its position; and who comes back with the
// position of the last batch misses nothing.

import { AbortableIterator, type LayerChange, type LayerPort } from '@streamy-db/runtime'
import { StreamyError } from '@streamy-db/core'
import { collectionOf, idTextOf } from '../collection-name.ts'
import type { DocumentId } from '../document-id.ts'
import { filterOfText } from '../filter/filter.ts'
import { memberOf } from '../index-keys/path-values.ts'
import { idOfText } from '../storage/duplicate-key.ts'
import type { CollectionCalls } from './collection-calls.ts'
import type { Filter } from './document-types.ts'

/** Options of a watch. */
export interface WatchOptions<Document> {
  /** Only changes of documents that it matches, before or after. */
  readonly filter?: Filter<Document>
  /** Go on behind the batch of this position; by default, behind now. Throws HISTORY_TRIMMED when it lies too far back. */
  readonly from?: number
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

/** What happened to one document. */
export interface DocumentChange<Document> {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly id: DocumentId
  /** Undefined for one that was inserted. */
  readonly before: Document | undefined
  /** Undefined for one that was deleted. */
  readonly after: Document | undefined
}

/** What one transaction changed of a collection. */
export interface WatchBatch<Document> {
  /** Of the transaction; `from` takes it. */
  readonly position: number
  readonly time: Date
  readonly changes: readonly DocumentChange<Document>[]
}

/** Watches a collection; `filter` is a text. */
export function watchDocuments<Document>(
  port: LayerPort,
  calls: CollectionCalls,
  collection: string,
  { filter, from, signal }: { readonly filter: string } & Pick<WatchOptions<Document>, 'from' | 'signal'>,
): AsyncIterableIterator<WatchBatch<Document>> {
  if (from !== undefined && !(Number.isSafeInteger(from) && from >= 0))
    throw new StreamyError('OPTIONS_INVALID', `A watch from ${String(from)}: pass the position of an earlier batch.`)
  const generate = (aborting: AbortSignal): AsyncGenerator<WatchBatch<Document>> =>
    batchesOf(port, calls, collection, filter, from, aborting)
  return new AbortableIterator(generate, signal)
}

async function* batchesOf<Document>(
  port: LayerPort,
  calls: CollectionCalls,
  collection: string,
  filter: string,
  from: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch<Document>> {
  const compiled = filterOfText(filter)
  const isWanted = ({ before, after }: DocumentChange<Document>): boolean =>
    (before !== undefined && compiled.matches(before)) || (after !== undefined && compiled.matches(after))
  const start = from ?? (await positionNow(port, calls))
  for await (const { changes } of port.changes({ types: ['doc.Document'], from: start, signal }))
    for (const [first, ...others] of byPosition(changes)) {
      const changed = [first!, ...others]
        .filter(({ ref }) => collectionOf(ref.key) === collection)
        .map((change) => documentChange<Document>(change))
        .filter((change) => change !== undefined)
        .filter(isWanted)
      if (changed.length > 0) yield { position: first!.position, time: first!.time, changes: changed }
    }
}

/** The position of what is committed by now. */
export async function positionNow(port: LayerPort, calls: CollectionCalls): Promise<number> {
  const snapshot = await port.snapshot()
  try {
    // The first answer fixes it.
    await snapshot.query(calls.time())
    return snapshot.position!
  } finally {
    snapshot.close()
  }
}

// Undefined where a document was written and is as it was.
function documentChange<Document>({ ref, before, after }: LayerChange): DocumentChange<Document> | undefined {
  // What a document's actor holds is a document of the collection.
  const was = memberOf(before, 'document') as Document | undefined
  const is = memberOf(after, 'document') as Document | undefined
  if (memberOf(before, 'writtenAt') === memberOf(after, 'writtenAt') || (was === undefined && is === undefined))
    return undefined
  const operation = was === undefined ? 'insert' : is === undefined ? 'delete' : 'update'
  const id = (memberOf(is ?? was, '_id') ?? idOfText(idTextOf(ref.key))) as DocumentId
  return { operation, id, before: was, after: is }
}

function byPosition(changes: readonly LayerChange[]): LayerChange[][] {
  const transactions: LayerChange[][] = []
  for (const change of changes) {
    const last = transactions.at(-1)
    if (last !== undefined && last[0]!.position === change.position) last.push(change)
    else transactions.push([change])
  }
  return transactions
}
