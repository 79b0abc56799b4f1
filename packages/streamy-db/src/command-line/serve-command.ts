// `streamy serve`: a database over HTTP, until it is told to stop: an embedded one with everything in this process, or a
// worker of a cluster and a gateway beside it.

import { readFile } from 'node:fs/promises'
import type { Database } from '@streamy-db/runtime'
import type { TokenOptions } from '@streamy-db/server'
import { clusterOf, clusterOptions, text, UsageError } from './command.ts'
import type { Command, CommandInput } from './command.ts'
import { loadActors } from './load-actors.ts'
import { workerOptionsOf, workerSettings } from './worker-settings.ts'

const PORT = 4321
const HOST = '127.0.0.1'

export const serveCommand: Command = {
  name: 'serve',
  usage: 'serve (--data DIRECTORY | --nats URL --name NAME) [--actors FILE] [--port 4321]',
  summary: 'Serves a database over HTTP: key-value entries, actors, KV Connect. Ctrl-C stops it.',
  details: `
With --data everything is in this process, in that directory; :memory: keeps nothing. With --nats a worker runs beside the
server; --gateway-only runs none, and needs workers elsewhere.

Who may do what is told by --tokens, or by the environment: STREAMY_TOKENS holds what the file would, STREAMY_TOKEN one
secret that may do everything. Without any, the server listens to this machine only and asks nothing. A file of tokens:

  {"tokens": [{"name": "shop", "sha256": "…", "rights": ["read", "write"], "spaces": ["shop-*"], "actors": ["Account"]}]}

The sha256 is that of the secret: printf %s "$SECRET" | sha256sum. Rights are read, write and metrics.
`,
  options: {
    data: { type: 'string', help: 'directory of an embedded database' },
    actors: { type: 'string', multiple: true, help: 'module that exports actor classes; may be given several times' },
    port: { type: 'string', help: `port to listen on, ${PORT} by default; 0 for any that is free` },
    host: { type: 'string', help: `address to listen on, ${HOST} by default; another one needs tokens` },
    tokens: { type: 'string', help: 'file that says who may do what' },
    'gateway-only': { type: 'boolean', help: 'with --nats: run no worker here' },
    ...workerSettings,
    ...clusterOptions,
  },
  run: async (input) => {
    const port = portOf(input)
    const host = text(input.values, 'host') ?? HOST
    const tokens = await tokensOf(input)
    const stopped = untilStopped()
    const served = await databaseOf(input)
    try {
      const { startServer } = await import('@streamy-db/server')
      const server = await startServer(served.db, { port, host, ...(tokens !== undefined && { tokens }) })
      process.stderr.write(`streamy: serving ${served.what} at ${server.url}, ${askedFor(tokens)}\n`)
      const failed = await Promise.race([stopped, served.failed])
      await server.close()
      return failed === undefined ? 0 : 1
    } finally {
      await served.close()
    }
  },
}

interface Served {
  readonly db: Database
  readonly what: string
  /** Resolves with what the worker beside the gateway has failed with; never, where there is none. */
  readonly failed: Promise<Error | undefined>
  close(): Promise<void>
}

async function databaseOf(input: CommandInput): Promise<Served> {
  const directory = text(input.values, 'data')
  const isCluster = input.values['nats'] !== undefined
  if ((directory === undefined) === !isCluster)
    throw new UsageError('Say what to serve: --data DIRECTORY, or --nats nats://127.0.0.1:4222 --name NAME')
  return directory === undefined ? await serveCluster(input) : await serveEmbedded(directory, input)
}

async function serveEmbedded(directory: string, { values }: CommandInput): Promise<Served> {
  const { open } = await import('../open.ts')
  const db = await open(directory, { actors: await actorsOf(values['actors']) })
  return { db, what: directory, failed: never, close: () => db.close() }
}

async function serveCluster(input: CommandInput): Promise<Served> {
  const { servers, name } = await clusterOf(input)
  const actors = await actorsOf(input.values['actors'])
  const [{ startWorker }, { connect }] = await Promise.all([import('../start-worker.ts'), import('../connect.ts')])
  const worker =
    input.values['gateway-only'] === true
      ? undefined
      : await startWorker(servers, { ...workerOptionsOf(input), name, actors })
  try {
    const db = await connect(servers, { name, actors })
    const close = async (): Promise<void> => {
      await db.close()
      await worker?.close()
    }
    return { db, what: `the database ${name}`, failed: worker?.stopped ?? never, close }
  } catch (error) {
    await worker?.close()
    throw error
  }
}

// Key-value entries need no actors of anybody's.
async function actorsOf(files: unknown): ReturnType<typeof loadActors> {
  return files === undefined ? [] : await loadActors(files)
}

async function tokensOf({ values }: CommandInput): Promise<readonly TokenOptions[] | undefined> {
  const { parseTokens } = await import('@streamy-db/server')
  const file = text(values, 'tokens')
  if (file !== undefined) return parseTokens(await readFile(file, 'utf8'))
  const { STREAMY_TOKENS: list, STREAMY_TOKEN: token } = process.env
  if (list !== undefined) return parseTokens(list)
  if (token === undefined) return undefined
  return [
    {
      name: 'STREAMY_TOKEN',
      token,
      rights: ['read', 'write', 'metrics'],
      spaces: ['*'],
      collections: ['*'],
      actors: ['*'],
    },
  ]
}

function portOf({ values }: CommandInput): number {
  const given = text(values, 'port')
  const port = given === undefined ? PORT : Number(given)
  if (given === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port takes a number from 0 to 65535, and was given ${given}.`)
  return port
}

function askedFor(tokens: readonly TokenOptions[] | undefined): string {
  if (tokens === undefined) return 'to this machine only, without tokens: everybody on it may do everything'
  return tokens.length === 1 ? 'with 1 token' : `with ${tokens.length} tokens`
}

// Listens from the beginning, so that a signal that comes while the database opens is not lost.
function untilStopped(): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = (): void => resolve(undefined)
    process.once('SIGINT', stop).once('SIGTERM', stop)
  })
}

const never = new Promise<undefined>(() => {})
