// Lines of JSON in batches, as an import sends them: so many lines and characters at most, each batch with the numbers of
// its lines, for whoever has to mend one.

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const CHARACTERS_MAX = 256 * 1024

/** Some lines of a file, as they are sent. */
export interface LineBatch {
  readonly items: string[]
  readonly firstLine: number
  lastLine: number
}

/**
 * The lines of a file, or of stdin for `-`, in batches of at most `linesMax`. `itemOf` makes of a line what is sent, or
 * undefined where that is nothing; empty lines are left out.
 */
export async function* lineBatches(
  file: string,
  linesMax: number,
  itemOf: (text: string, line: number) => string | undefined,
): AsyncGenerator<LineBatch> {
  let line = 0
  let characters = 0
  let batch: LineBatch | undefined
  const input = file === '-' ? process.stdin : createReadStream(file)
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1
    const item = text.trim() === '' ? undefined : itemOf(text, line)
    if (item === undefined) continue
    if (batch !== undefined && (batch.items.length >= linesMax || characters + item.length > CHARACTERS_MAX)) {
      yield batch
      batch = undefined
    }
    if (batch === undefined) {
      batch = { items: [], firstLine: line, lastLine: line }
      characters = 0
    }
    batch.items.push(item)
    batch.lastLine = line
    characters += item.length
  }
  if (batch !== undefined) yield batch
}

/** What a line says. Throws with the number of one that is no JSON. */
export function jsonOfLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`Line ${line} is no JSON: ${(error as SyntaxError).message}`, { cause: error })
  }
}

/** The error for a batch that was refused. */
export function notImported({ firstLine, lastLine }: LineBatch, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Error(`Lines ${firstLine} to ${lastLine} were not imported: ${message}`, { cause })
}
