// A server to be measured: Streamy's over an embedded database, or a floor that answers a constant, either on the framework
// that Streamy's is made with or on nothing but Node.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { open, startServer } from 'streamy-db'
import { Sequence } from '../actors.ts'
import { serveCompanion, type Served } from '../companion.ts'

/** What it is told. */
export interface HttpServerInput {
  readonly kind: 'streamy' | 'framework' | 'node'
  readonly directory: string
  /** Entries to begin with. */
  readonly keys: number
}

/** Where it listens. */
export interface HttpServerStatus {
  readonly port: number
}

const BATCH = 500

serveCompanion(start)

async function start({ kind, directory, keys }: HttpServerInput): Promise<Served> {
  const port = kind === 'streamy' ? await startStreamy(directory, keys) : await listen(floor(kind))
  return { status: (): HttpServerStatus => ({ port }) }
}

async function startStreamy(directory: string, keys: number): Promise<number> {
  const db = await open(directory, { actors: [Sequence] })
  const kv = db.kv('bench')
  for (let first = 0; first < keys; first += BATCH) {
    const updates = Array.from({ length: Math.min(BATCH, keys - first) }, (_, index) => ({
      set: ['users', `u${first + index}`],
      value: { name: 'Ada', visits: 0 },
    }))
    await kv.transact({ updates })
  }
  return (await startServer(db, { port: 0 })).port
}

function floor(kind: 'framework' | 'node'): Server {
  const constant = '{"name":"Ada","visits":0}'
  const headers = { 'content-type': 'application/json', etag: '"00000000000000006001"' }
  if (kind === 'node')
    return createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { ...headers, 'content-length': constant.length }).end(constant)
      })
    })
  const app = new Hono()
  app.get('/v1/kv/:space/*', () => new Response(constant, { headers }))
  app.on(['PUT', 'POST'], '/v1/kv/:space/*', async (context) => {
    await context.req.text()
    return new Response(constant, { headers })
  })
  const answer = getRequestListener(app.fetch)
  return createServer((request, response) => void answer(request, response))
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    // A server that listens on TCP has an address of this form.
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
