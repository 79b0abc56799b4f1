// `streamy kv get` and `list`.

import type { KvAction } from './kv-command.ts'
import { printFound } from '../print-found.ts'
import { Progress } from '../progress.ts'
import { writeOut } from '../write-out.ts'
import { entryPath, parametersOf } from './entry-path.ts'
import { entryLines } from './entry-lines.ts'

/** Prints a value. */
export const getEntry: KvAction = async (access, space, { values, positionals }) => {
  return await printFound(access, `${entryPath(space, positionals[0])}?${parametersOf(values, ['at']).toString()}`)
}

/** Prints entries, one a line. */
export const listEntries: KvAction = async (access, space, { values }) => {
  // A person who watches the lines themselves needs no more.
  const progress = process.stdout.isTTY ? undefined : new Progress('entries listed')
  for await (const { lines, count } of entryLines(access, space, values)) {
    await writeOut(lines)
    if (count > 0) progress?.add(count)
  }
  return 0
}
