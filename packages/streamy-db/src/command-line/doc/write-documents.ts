// `streamy doc insert`, `update` and `delete`.

import { writeOut } from '../write-out.ts'
import { jsonArgument, post, queryMembers } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'

/** Inserts a document. */
export const insertDocument: DocAction = async (access, collection, { positionals }) => {
  const document = jsonArgument(positionals[0], 'the document')
  const { insertedIds } = await post(access, collection, 'insert', { documents: [document] })
  await writeOut(`${JSON.stringify((insertedIds as readonly unknown[])[0])}\n`)
  return 0
}

/** Changes documents. */
export const updateDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const [filter, update] = [jsonArgument(positionals[0], 'the filter'), jsonArgument(positionals[1], 'the update')]
  const flags = { many: values['many'] === true, upsert: values['upsert'] === true }
  const answer = await post(access, collection, 'update', { filter, update, ...flags, ...aimOf(values) })
  await writeOut(`${JSON.stringify(answer)}\n`)
  return 0
}

/** Deletes documents. */
export const deleteDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const filter = jsonArgument(positionals[0], 'the filter')
  const answer = await post(access, collection, 'delete', { filter, many: values['many'] === true, ...aimOf(values) })
  await writeOut(`${JSON.stringify(answer)}\n`)
  return 0
}

// Which of several documents is meant.
function aimOf(values: Parameters<typeof queryMembers>[0]): Readonly<Record<string, unknown>> {
  const { sort, hint } = queryMembers(values)
  return { ...(sort !== undefined && { sort }), ...(hint !== undefined && { hint }) }
}
