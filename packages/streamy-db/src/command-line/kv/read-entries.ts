// `streamy kv get` and `list`.

import type { KvAction } from './kv-command.ts'
import { Refused } from '../server-access.ts'
import { Progress } from '../progress.ts'
import { writeOut } from '../write-out.ts'
import { ANSWER_IS_NO, entryPath, parametersOf } from './entry-path.ts'
import { entryLines } from './entry-lines.ts'

/** Prints a value. */
export const getEntry: KvAction = async (access, space, { values, positionals }) => {
  try {
    const response = await access.send(`${entryPath(space, positionals[0])}?${parametersOf(values, ['at']).toString()}`)
    await writeOut(`${await response.text()}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
    process.stderr.write(`${error.message}\n`)
    return ANSWER_IS_NO
  }
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
