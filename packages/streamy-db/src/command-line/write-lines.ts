// Writes what an export reads, to stdout or to a file. A file has its name once it is complete.

import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { writeOut } from './write-out.ts'

/** Writes all of it to `file`, or to stdout for `-`. */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<void> {
  if (file === '-') {
    for await (const each of lines) await writeOut(each)
    return
  }
  const partial = `${file}.partial`
  await pipeline(Readable.from(lines), createWriteStream(partial, { flush: true }))
  await rename(partial, file)
}
