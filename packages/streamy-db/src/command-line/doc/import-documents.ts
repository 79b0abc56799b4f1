// `streamy doc import`: writes the document of each line of JSON, over the one of its `_id`. Lines go in transactions, so an
// import that is broken off has written some of its lines: run it again.

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Progress } from '../progress.ts'
import type { ServerAccess } from '../server-access.ts'
import { collectionPath } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'

const LINES_MAX = 200
const CHARACTERS_MAX = 256 * 1024

interface Batch {
  readonly lines: string[]
  readonly firstLine: number
}

/** Writes documents. */
export const importDocuments: DocAction = async (access, collection, { positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('documents imported')
  try {
    for await (const batch of batchesIn(file === '-' ? process.stdin : createReadStream(file))) {
      await send(access, collection, batch)
      progress.add(batch.lines.length)
    }
  } finally {
    progress.end()
  }
  return 0
}

async function* batchesIn(input: Readable): AsyncGenerator<Batch> {
  let line = 0
  let characters = 0
  let batch: Batch | undefined
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1
    if (text.trim() === '') continue
    checkLine(text, line)
    if (batch !== undefined && (batch.lines.length >= LINES_MAX || characters + text.length > CHARACTERS_MAX)) {
      yield batch
      batch = undefined
    }
    if (batch === undefined) {
      batch = { lines: [], firstLine: line }
      characters = 0
    }
    batch.lines.push(text)
    characters += text.length
  }
  if (batch !== undefined) yield batch
}

function checkLine(text: string, line: number): void {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new Error(`Line ${line} is no JSON: ${(error as SyntaxError).message}`, { cause: error })
  }
  if (typeof document !== 'object' || document === null || !('_id' in document))
    throw new Error(`Line ${line} is no document with an _id. Write {"_id": "u1", …}.`)
}

async function send(access: ServerAccess, collection: string, { lines, firstLine }: Batch): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = `{"documents":[${lines.join(',')}]}`
  try {
    await (await access.send(`${collectionPath(collection)}/replace`, { method: 'POST', headers, body })).arrayBuffer()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`Lines ${firstLine} to ${firstLine + lines.length - 1} were not imported: ${message}`, {
      cause: error,
    })
  }
}
