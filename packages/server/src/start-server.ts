// Starts a server: a gateway over a database, on a port. What serves requests is loaded when a server starts, so that a
// program that only opens a database does not pay for it.

import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { StreamyError } from '@streamy-db/core'
import type { Database } from '@streamy-db/runtime'
import type { TokenOptions } from './auth/tokens.ts'

/** What a server can be told. */
export interface ServerOptions {
  /** 0 lets the system choose. Default 4321. */
  readonly port?: number
  /** Address to listen on. Default 127.0.0.1; any other than the loopback needs tokens. */
  readonly host?: string
  /** Who may do what. Without them everybody on this machine may do everything. */
  readonly tokens?: readonly TokenOptions[]
  /** Told of what went wrong in the server. Default: written to stderr. */
  readonly onFault?: (error: unknown, where: string) => void
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Where it answers: `http://127.0.0.1:4321`. */
  readonly url: string
  readonly port: number
  /** Whether it asks for tokens. */
  readonly isAuthenticated: boolean
  /** Takes no more requests, lets those under way end, and lets go of the port. The database stays open. */
  close(): Promise<void>
}

/**
 * Serves a database over HTTP. Rejects with OPTIONS_INVALID, also when others than this machine could connect and nothing
 * would be asked of them, and SERVER_UNAVAILABLE when the address cannot be had.
 *
 * ```ts
 * const db = await open('./data', { actors: [Account] })
 * const server = await startServer(db, { port: 4321 })
 * ```
 */
export async function startServer(db: Database, options: ServerOptions = {}): Promise<RunningServer> {
  const { port = 4321, host = '127.0.0.1', onFault = reportFault } = options
  const { Tokens } = await import('./auth/tokens.ts')
  const tokens = options.tokens === undefined ? undefined : new Tokens(options.tokens)
  if (tokens === undefined && !isLoopback(host)) throw tokensNeeded(host)
  const { createGateway, getRequestListener, Listener } = await loadServing()
  const closing = new AbortController()
  const connections = (): number => listener.connections
  const app = createGateway({ db, tokens, closing: closing.signal, connections, onFault })
  const listener = new Listener(getRequestListener(app.fetch))
  const bound = await listener.listen({ host, port })
  const close = async (): Promise<void> => {
    closing.abort()
    await listener.close()
  }
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`,
    port: bound,
    isAuthenticated: tokens !== undefined,
    close,
    [Symbol.asyncDispose]: close,
  }
}

// Node 20 takes what it has last seen of any file for what it knows of the folders on the way to a module. Where that was a
// pipe, it follows no links from there on, and what lies behind one is loaded once more. So it is shown a folder first.
async function loadServing(): Promise<typeof import('./serving.ts')> {
  statSync(import.meta.dirname)
  return await import('./serving.ts')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function tokensNeeded(host: string): StreamyError {
  return new StreamyError(
    'OPTIONS_INVALID',
    `A server on ${host} can be reached from other machines, so it needs tokens. Give it some, or listen on 127.0.0.1.`,
  )
}

function reportFault(error: unknown, where: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`streamy: ${where}: ${text}\n`)
}
