// `streamy kv set`, `delete` and `txn`.

import { readFile } from 'node:fs/promises'
import { text as textOfStream } from 'node:stream/consumers'
import { count, text, UsageError } from '../command.ts'
import type { CommandInput } from '../command.ts'
import { ANSWER_IS_NO } from '../print-found.ts'
import { refusalOf, type ServerAccess } from '../server-access.ts'
import { writeOut } from '../write-out.ts'
import { entryPath, spacePath } from './entry-path.ts'
import type { KvAction } from './kv-command.ts'

const json = { 'content-type': 'application/json' }
const PRECONDITION_FAILED = 412
const CONFLICT = 409

/** Sets a value. */
export const setEntry: KvAction = async (access, space, { values, positionals }) => {
  const [key, given] = positionals
  if (given === undefined) throw new UsageError('Say which value: streamy kv set SPACE KEY VALUE, or - for stdin')
  const expireIn = count(values, 'expire-in')
  const query = expireIn === undefined ? '' : `?expireIn=${expireIn}`
  const body = jsonOf(given === '-' ? await textOfStream(process.stdin) : given)
  const headers = { ...json, ...preconditionsOf(values) }
  return await writeIf(access, `${entryPath(space, key)}${query}`, { method: 'PUT', headers, body })
}

/** Deletes an entry. */
export const deleteEntry: KvAction = async (access, space, { values, positionals }) => {
  const path = entryPath(space, positionals[0])
  return await writeIf(access, path, { method: 'DELETE', headers: preconditionsOf(values) })
}

/** Runs a transaction. */
export const transact: KvAction = async (access, space, { positionals }) => {
  const [file = '-'] = positionals
  const body = file === '-' ? await textOfStream(process.stdin) : await readFile(file, 'utf8')
  const response = await access.ask(`${spacePath(space)}/transactions`, { method: 'POST', headers: json, body })
  const isAnswer = response.ok || (response.status === CONFLICT && isJson(response))
  if (!isAnswer) throw await refusalOf(response)
  await writeOut(`${await response.text()}\n`)
  return response.ok ? 0 : ANSWER_IS_NO
}

async function writeIf(access: ServerAccess, path: string, init: RequestInit): Promise<number> {
  const response = await access.ask(path, init)
  if (response.ok) {
    const answer = await response.text()
    if (answer !== '') await writeOut(`${answer}\n`)
    return 0
  }
  const refusal = await refusalOf(response)
  if (response.status !== PRECONDITION_FAILED) throw refusal
  process.stderr.write(`${refusal.message}\n`)
  return ANSWER_IS_NO
}

function preconditionsOf(values: CommandInput['values']): Record<string, string> {
  const version = text(values, 'if-version')
  return {
    ...(values['if-absent'] === true && { 'if-none-match': '*' }),
    ...(version !== undefined && { 'if-match': `"${version}"` }),
  }
}

// What is no JSON is text, as with `streamy call`.
function jsonOf(given: string): string {
  try {
    JSON.parse(given)
    return given
  } catch {
    return JSON.stringify(given)
  }
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('application/json') === true
}
