// How commands reach a server: one that runs already, by its address, or one of their own, over a database that they open
// for as long as they take. So a command is the same wherever its database is.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Database } from '@streamy-db/runtime'
import type { startServer } from '@streamy-db/server'
import { clusterOf, clusterOptions, text, UsageError } from './command.ts'
import type { CommandInput, CommandOption } from './command.ts'
import { loadActors } from './load-actors.ts'

/** A server that answers. */
export interface ServerAccess {
  /** Sends a request; the path begins with a slash. Rejects with {@link Refused} for what is no success. */
  send(path: string, init?: RequestInit): Promise<Response>
  /** As `send`, and answers also with what is no success. */
  ask(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/** The server has refused a request; the message is its own. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Options of commands that go to a server. */
export const accessOptions: Readonly<Record<string, CommandOption>> = {
  url: { type: 'string', help: 'address of a server that runs: http://127.0.0.1:4321' },
  'token-file': { type: 'string', help: 'with --url: file with the token; or set STREAMY_TOKEN' },
  data: { type: 'string', help: 'directory of an embedded database, which nobody else has open' },
  actors: {
    type: 'string',
    multiple: true,
    help: 'with --data: module that exports its actor classes, if it has any; without them their timers would fail',
  },
  ...clusterOptions,
}

/** The server that a command was told of. */
export async function accessOf(input: CommandInput): Promise<ServerAccess> {
  const [url, directory] = [text(input.values, 'url'), text(input.values, 'data')]
  const ways = [url, directory, input.values['nats']].filter((way) => way !== undefined).length
  if (ways !== 1)
    throw new UsageError('Say where: --url http://127.0.0.1:4321, or --data DIRECTORY, or --nats URL --name NAME')
  if (url !== undefined) return remote(url, await tokenOf(input))
  const server = await import('@streamy-db/server')
  return await ownServer(server.startServer, await openDatabase(directory, input))
}

async function openDatabase(directory: string | undefined, input: CommandInput): Promise<Database> {
  if (directory === undefined) {
    const { servers, name } = await clusterOf(input)
    const { connect } = await import('../connect.ts')
    return await connect(servers, { name })
  }
  const { open } = await import('../open.ts')
  const files = input.values['actors']
  return await open(directory, { actors: files === undefined ? [] : await loadActors(files) })
}

// Nobody else on this machine gets in meanwhile.
async function ownServer(start: typeof startServer, db: Database): Promise<ServerAccess> {
  try {
    const token = randomBytes(32).toString('base64url')
    const rights = ['read', 'write'] as const
    const tokens = [{ name: 'command line', token, rights, spaces: ['*'], collections: ['*'], actors: ['*'] }]
    const server = await start(db, { port: 0, tokens })
    const close = async (): Promise<void> => {
      await server.close()
      await db.close()
    }
    return { ...remote(server.url, token), close }
  } catch (error) {
    await db.close()
    throw error
  }
}

function remote(url: string, token: string | undefined): ServerAccess {
  const base = url.replace(/\/+$/, '')
  if (!URL.canParse(base))
    throw new UsageError(`--url takes an address like http://127.0.0.1:4321, and was given ${url}`)
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    try {
      return await fetch(base + path, { ...init, headers })
    } catch (error) {
      if (init.signal?.aborted === true) throw error
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      throw new Error(`${base} does not answer: ${cause}. See whether a server runs there.`, { cause: error })
    }
  }
  const send = async (path: string, init?: RequestInit): Promise<Response> => {
    const response = await ask(path, init)
    if (!response.ok) throw await refusalOf(response)
    return response
  }
  return { ask, send, close: async () => {} }
}

/** What a response that is no success says. */
export async function refusalOf(response: Response): Promise<Refused> {
  const body = await response.text()
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true)
    return new Refused(response.status, `The server answered with the status ${response.status}: ${body.slice(0, 200)}`)
  // What every problem of the server has.
  const { detail, code } = JSON.parse(body) as { readonly detail: string; readonly code: string }
  return new Refused(response.status, `${detail} (${code})`)
}

async function tokenOf({ values }: CommandInput): Promise<string | undefined> {
  const file = text(values, 'token-file')
  return file === undefined ? process.env['STREAMY_TOKEN'] : (await readFile(file, 'utf8')).trim()
}
