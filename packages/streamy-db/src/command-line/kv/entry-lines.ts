// Entries as the server streams them: whole lines, with how many they are. A last line that is an error ends it as one.

import type { CommandInput } from '../command.ts'
import { Refused, type ServerAccess } from '../server-access.ts'
import { parametersOf, spacePath } from './entry-path.ts'

/** Some lines. */
export interface Lines {
  readonly lines: string
  readonly count: number
}

const ERROR = '{"error":'

/** The entries that a command's options name. */
export async function* entryLines(
  access: ServerAccess,
  space: string,
  values: CommandInput['values'],
): AsyncGenerator<Lines> {
  const parameters = parametersOf(values, ['prefix', 'start', 'end', 'limit', 'reverse', 'at'])
  const headers = { accept: 'application/x-ndjson' }
  const { body } = await access.send(`${spacePath(space)}?${parameters.toString()}`, { headers })
  if (body === null) return
  let rest = ''
  // What fetch makes is a stream of bytes, and iterable in Node.
  for await (const chunk of body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    rest += chunk
    const end = rest.lastIndexOf('\n') + 1
    if (end === 0) continue
    const lines = rest.slice(0, end)
    rest = rest.slice(end)
    yield checked(lines)
  }
}

function checked(lines: string): Lines {
  const last = lines.lastIndexOf('\n', lines.length - 2) + 1
  if (!lines.startsWith(ERROR, last)) return { lines, count: countOf(lines) }
  const { error } = JSON.parse(lines.slice(last)) as {
    readonly error: { readonly status: number; readonly detail: string }
  }
  throw new Refused(error.status, `The list has ended before its end: ${error.detail}`)
}

function countOf(lines: string): number {
  let count = 0
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count += 1
  return count
}
