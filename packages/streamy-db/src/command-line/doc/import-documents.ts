// `streamy doc import`: writes the document of each line of JSON, over the one of its `_id`. Lines go in transactions, so an
// import that is broken off has written some of its lines: run it again.

import { jsonOfLine, lineBatches, notImported, type LineBatch } from '../line-batches.ts'
import { Progress } from '../progress.ts'
import type { ServerAccess } from '../server-access.ts'
import { collectionPath } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'

const LINES_MAX = 200

/** Writes documents. */
export const importDocuments: DocAction = async (access, collection, { positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('documents imported')
  try {
    for await (const batch of lineBatches(file, LINES_MAX, checkedLine)) {
      await send(access, collection, batch)
      progress.add(batch.items.length)
    }
  } finally {
    progress.end()
  }
  return 0
}

function checkedLine(text: string, line: number): string {
  const document = jsonOfLine(text, line)
  if (typeof document === 'object' && document !== null && '_id' in document) return text
  throw new Error(`Line ${line} is no document with an _id. Write {"_id": "u1", …}.`)
}

async function send(access: ServerAccess, collection: string, batch: LineBatch): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = `{"documents":[${batch.items.join(',')}]}`
  try {
    await (await access.send(`${collectionPath(collection)}/replace`, { method: 'POST', headers, body })).arrayBuffer()
  } catch (error) {
    throw notImported(batch, error)
  }
}
