// `streamy doc watch`: prints what each transaction changes of a collection, one a line, until it is told to stop.

import { text } from '../command.ts'
import { followEvents } from '../follow-events.ts'
import { collectionPath, jsonArgument } from './collection-request.ts'
import type { DocAction } from './doc-command.ts'

/** Prints what changes. */
export const watchDocuments: DocAction = async (access, collection, { values, positionals }) => {
  const [filter] = positionals
  const parameters = new URLSearchParams(
    filter === undefined ? {} : { filter: JSON.stringify(jsonArgument(filter, 'the filter')) },
  )
  await followEvents({
    access,
    path: `${collectionPath(collection)}/watch?${parameters.toString()}`,
    from: text(values, 'from'),
  })
  return 0
}
