// `streamy kv export`: entries as lines of JSON, all as of one moment.

import { Progress } from '../progress.ts'
import { writeLines } from '../write-lines.ts'
import { entryLines, type Lines } from './entry-lines.ts'
import type { KvAction } from './kv-command.ts'

/** Writes entries. */
export const exportEntries: KvAction = async (access, space, { values, positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('entries exported')
  await writeLines(file, counted(entryLines(access, space, values), progress))
  progress.end()
  return 0
}

async function* counted(source: AsyncIterable<Lines>, progress: Progress): AsyncGenerator<string> {
  for await (const { lines, count } of source) {
    yield lines
    progress.add(count)
  }
}
