// `streamy doc get`, `find`, `count` and `aggregate`.

import { UsageError } from '../command.ts'
import { printFound } from '../print-found.ts'
import { writeOut } from '../write-out.ts'
import { collectionPath, jsonArgument, post, queryMembers } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'
import { documentPages } from './document-pages.ts'

/** Prints a document. */
export const getDocument: DocAction = async (access, collection, { positionals }) => {
  const [id] = positionals
  if (id === undefined) throw new UsageError('Say which document: streamy doc get COLLECTION ID')
  return await printFound(access, `${collectionPath(collection)}/${encodeURIComponent(id)}`)
}

/** Prints documents, one a line. */
export const findDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const filter = jsonArgument(positionals[0] ?? '{}', 'the filter')
  for await (const lines of documentPages(access, collection, { filter, ...queryMembers(values) }))
    await writeOut(lines.map((line) => `${line}\n`).join(''))
  return 0
}

/** Prints how many there are. */
export const countDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const filter = jsonArgument(positionals[0] ?? '{}', 'the filter')
  const { hint } = queryMembers(values)
  const { count } = await post(access, collection, 'count', { filter, ...(hint !== undefined && { hint }) })
  await writeOut(`${String(count)}\n`)
  return 0
}

/** Prints what a pipeline makes of them. */
export const aggregateDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const pipeline = jsonArgument(positionals[0], 'the pipeline')
  const allowScan = values['allow-scan'] === true
  const { results } = await post(access, collection, 'aggregate', { pipeline, allowScan })
  for (const result of results as readonly unknown[]) await writeOut(`${JSON.stringify(result)}\n`)
  return 0
}
