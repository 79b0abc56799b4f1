// Compares a scan of all documents with scans of all indexes, as of one moment. Indexes that are being built may lack
// documents, and must list nothing that is not so.

import type { LayerPort, LayerSnapshot } from '@streamy-db/runtime'
import { type CollectionIndex, parseCatalogue } from '../catalogue/catalogue.ts'
import { primaryEpoch } from '../collection-name.ts'
import { textOfId } from '../document-id.ts'
import { itemOf, keysOf, keyTextIn, idTextIn } from '../index-keys/index-keys.ts'
import type { CollectionCalls } from './collection-calls.ts'

const PAGE = 500

interface Indexed {
  readonly idText: string
  readonly document: unknown
}

/** What is wrong with the indexes of a collection, in words; nothing, when they are right. */
export async function verifyIndexes(
  port: LayerPort,
  calls: CollectionCalls,
  collection: string,
): Promise<readonly string[]> {
  const snapshot = await port.snapshot()
  try {
    const offences: string[] = []
    const documents = await readDocuments(snapshot, calls, collection, offences)
    const text = (await snapshot.query(calls.catalogueText())) as string | undefined
    for (const index of parseCatalogue(text).maintained)
      offences.push(...(await verifyIndex(snapshot, calls, collection, index, documents)))
    return offences
  } finally {
    snapshot.close()
  }
}

async function readDocuments(
  snapshot: LayerSnapshot,
  calls: CollectionCalls,
  collection: string,
  offences: string[],
): Promise<readonly Indexed[]> {
  const documents: Indexed[] = []
  for await (const idText of itemsOf(snapshot, calls, primaryEpoch)) {
    const document = await snapshot.query(calls.getText(idText))
    if (document === undefined) offences.push(`_id lists ${JSON.stringify(idText)}, which is no document`)
    // What is stored is an object with an `_id`.
    else if (textOfId(collection, (document as { readonly _id: unknown })._id) === idText)
      documents.push({ idText, document })
    else offences.push(`the document ${JSON.stringify(idText)} has another _id`)
  }
  return documents
}

async function verifyIndex(
  snapshot: LayerSnapshot,
  calls: CollectionCalls,
  collection: string,
  index: CollectionIndex,
  documents: readonly Indexed[],
): Promise<string[]> {
  const expected = new Set<string>()
  const offences: string[] = []
  for (const { idText, document } of documents) {
    const { texts, multikey } = keysOf(collection, index, document)
    for (const keyText of texts) expected.add(itemOf(keyText, idText))
    if (multikey && !index.multikey && index.state === 'ready') offences.push(`${index.name} does not know its arrays`)
  }
  const found = new Set<string>()
  for await (const item of itemsOf(snapshot, calls, index.epoch)) found.add(item)
  for (const item of found)
    if (!expected.has(item)) offences.push(`${index.name} lists ${JSON.stringify(item)}, which no document has`)
  for (const item of expected)
    if (!found.has(item) && index.state === 'ready') offences.push(`${index.name} lacks ${JSON.stringify(item)}`)
  if (index.unique) offences.push(...(await verifyEntries(snapshot, calls, index, found)))
  return offences
}

async function verifyEntries(
  snapshot: LayerSnapshot,
  calls: CollectionCalls,
  index: CollectionIndex,
  items: ReadonlySet<string>,
): Promise<string[]> {
  const offences: string[] = []
  for (const item of items) {
    const owner = await snapshot.query(calls.owner(index.epoch, keyTextIn(item)))
    if (owner === idTextIn(item)) continue
    offences.push(`the entry of ${JSON.stringify(item)} in ${index.name} names ${JSON.stringify(owner)}`)
  }
  return offences
}

async function* itemsOf(snapshot: LayerSnapshot, calls: CollectionCalls, epoch: number): AsyncGenerator<string> {
  for (let after: string | undefined; ;) {
    // What the query `items` returns.
    const items = (await snapshot.query(calls.items(epoch, after, PAGE))) as readonly string[]
    yield* items
    if (items.length < PAGE) return
    after = items.at(-1)
  }
}
