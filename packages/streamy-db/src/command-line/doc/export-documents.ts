// `streamy doc export`: documents as lines of JSON, in the order of their ids. A file has its name once it is complete.

import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ServerAccess } from '../server-access.ts'
import { Progress } from '../progress.ts'
import { writeOut } from '../write-out.ts'
import { queryMembers } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'
import { documentPages } from './document-pages.ts'

/** Writes documents. */
export const exportDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('documents exported')
  const { limit } = queryMembers(values)
  const lines = linesOf(access, collection, limit, progress)
  if (file === '-') for await (const each of lines) await writeOut(each)
  else {
    const partial = `${file}.partial`
    await pipeline(Readable.from(lines), createWriteStream(partial, { flush: true }))
    await rename(partial, file)
  }
  progress.end()
  return 0
}

async function* linesOf(
  access: ServerAccess,
  collection: string,
  limit: unknown,
  progress: Progress,
): AsyncGenerator<string> {
  const query = { sort: { _id: 1 }, ...(limit !== undefined && { limit }) }
  for await (const lines of documentPages(access, collection, query)) {
    if (lines.length > 0) yield `${lines.join('\n')}\n`
    progress.add(lines.length)
  }
}
