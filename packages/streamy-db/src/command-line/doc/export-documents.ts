// `streamy doc export`: documents as lines of JSON, in the order of their ids.

import type { ServerAccess } from '../server-access.ts'
import { Progress } from '../progress.ts'
import { writeLines } from '../write-lines.ts'
import { queryMembers } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'
import { documentPages } from './document-pages.ts'

/** Writes documents. */
export const exportDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('documents exported')
  const { limit } = queryMembers(values)
  await writeLines(file, linesOf(access, collection, limit, progress))
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
