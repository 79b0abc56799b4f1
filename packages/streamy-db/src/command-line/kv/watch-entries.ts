// `streamy kv watch`: prints batches, one a line, until it is told to stop.

import { text, UsageError } from '../command.ts'
import { followEvents } from '../follow-events.ts'
import { parametersOf, spacePath } from './entry-path.ts'
import type { KvAction } from './kv-command.ts'

/** Prints what changes. */
export const watchEntries: KvAction = async (access, space, { values, positionals }) => {
  const parameters = parametersOf(values, ['prefix', 'start', 'end'])
  for (const key of positionals) parameters.append('key', key)
  if (positionals.length > 0 && [...parameters.keys()].some((name) => name !== 'key'))
    throw new UsageError('Watch keys, or a range of --prefix, --start and --end.')
  await followEvents({
    access,
    path: `${spacePath(space)}/watch?${parameters.toString()}`,
    from: text(values, 'from'),
  })
  return 0
}
