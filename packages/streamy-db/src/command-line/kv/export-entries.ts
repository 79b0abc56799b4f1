// `streamy kv export`: entries as lines of JSON, all as of one moment. A file has its name once it is complete.

import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Progress } from '../progress.ts'
import { writeOut } from '../write-out.ts'
import { entryLines, type Lines } from './entry-lines.ts'
import type { KvAction } from './kv-command.ts'

/** Writes entries. */
export const exportEntries: KvAction = async (access, space, { values, positionals }) => {
  const [file = '-'] = positionals
  const progress = new Progress('entries exported')
  const lines = counted(entryLines(access, space, values), progress)
  if (file === '-') for await (const each of lines) await writeOut(each)
  else {
    const partial = `${file}.partial`
    await pipeline(Readable.from(lines), createWriteStream(partial, { flush: true }))
    await rename(partial, file)
  }
  progress.end()
  return 0
}

async function* counted(source: AsyncIterable<Lines>, progress: Progress): AsyncGenerator<string> {
  for await (const { lines, count } of source) {
    yield lines
    progress.add(count)
  }
}
