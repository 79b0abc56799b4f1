// KV Connect, the open protocol of Deno KV: `@deno/kv` and Deno itself are clients of a space. The space is in the address
// that they are given; without one it is `default`. What goes wrong is told as text, as the protocol demands.

import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import type { Access } from '../auth/access.ts'
import type { Gateway } from '../gateway.ts'
import { HttpProblem } from '../http/http-problem.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { inPath, type Operation, type Parameter } from '../openapi/operation.ts'
import { atomicWrite } from './atomic-write.ts'
import { AtomicWriteSchema, SnapshotReadSchema, WatchSchema } from './datapath.ts'
import { databaseIdOf, exchangeMetadata } from './metadata-exchange.ts'
import { snapshotRead } from './snapshot-read.ts'
import { keepAlive, watchedKeys, watchMessages } from './watch.ts'

const defaultSpace = 'default'
const messageType = 'application/x-protobuf'

/** The routes of KV Connect. */
export function kvConnectRoutes(gateway: Gateway): readonly Route[] {
  const { db, spaces, streams } = gateway
  return [
    exchange('/', []),
    exchange('/kv-connect/{space}', [inPath('space', 'Name of the space.')]),
    dataPath({
      name: 'snapshot_read',
      summary: 'Reads ranges of a space at one moment.',
      right: 'read',
      answer: async (request, space) =>
        message(await snapshotRead(db, space, await bodyOf(request, SnapshotReadSchema))),
    }),
    dataPath({
      name: 'atomic_write',
      summary: 'Checks and writes entries of a space as one transaction.',
      right: 'write',
      answer: async (request, space) => message(await atomicWrite(db, space, await bodyOf(request, AtomicWriteSchema))),
    }),
    dataPath({
      name: 'watch',
      summary: 'Watches keys of a space.',
      right: 'read',
      answer: async (request, space) => {
        const keys = watchedKeys(await bodyOf(request, WatchSchema))
        return streams.respond({
          chunks: (signal) => watchMessages(spaces.get(space), keys, signal),
          heartbeat: keepAlive,
          headers: { 'content-type': 'application/octet-stream' },
          signal: request.signal,
        })
      },
    }),
  ]
}

function exchange(path: string, parameters: readonly Parameter[]): Route {
  return {
    method: 'POST',
    path,
    tellsProblemsAsText: true,
    operation: {
      ...described('metadataExchange', 'Tells a client of KV Connect where the space answers.', parameters),
      requestBody: { required: false, content: { 'application/json': { schema: { type: 'object' } } } },
      responses: {
        200: { description: 'Where it answers.', content: { 'application/json': { schema: { type: 'object' } } } },
        ...problemsAsText,
      },
    },
    // A client that may only write reads nothing here.
    access: (request) => ({ right: request.principal.has('read') ? 'read' : 'write', space: spaceOf(request) }),
    handle: (request) => exchangeMetadata(request, spaceOf(request)),
  }
}

interface DataPath {
  readonly name: 'snapshot_read' | 'atomic_write' | 'watch'
  readonly summary: string
  readonly right: 'read' | 'write'
  readonly answer: (request: RouteRequest, space: string) => Promise<Response>
}

function dataPath({ name, summary, right, answer }: DataPath): Route {
  const content = { [messageType]: { schema: { type: 'string', contentMediaType: messageType } } }
  return {
    method: 'POST',
    path: `/kv-connect/{space}/${name}`,
    tellsProblemsAsText: true,
    operation: {
      ...described(name, summary, [inPath('space', 'Name of the space.')]),
      requestBody: { required: true, content },
      responses: { 200: { description: 'A message of the protocol.', content }, ...problemsAsText },
    },
    access: (request): Access => ({ right, space: spaceOf(request) }),
    handle: (request) => {
      const space = spaceOf(request)
      checkDatabase(request, space)
      return answer(request, space)
    },
  }
}

function spaceOf({ segments }: RouteRequest): string {
  return segments[1] ?? defaultSpace
}

// A client that was made for another space must not read or write this one.
function checkDatabase(request: RouteRequest, space: string): void {
  const named = request.header('x-denokv-database-id') ?? request.header('x-transaction-domain-id')
  if (named === undefined || named === databaseIdOf(space)) return
  throw new HttpProblem('BODY_INVALID', `The request is for the database ${named}, and this is ${databaseIdOf(space)}.`)
}

async function bodyOf<Message extends DescMessage>(
  request: RouteRequest,
  schema: Message,
): Promise<MessageShape<Message>> {
  const body = await request.body()
  try {
    return fromBinary(schema, body)
  } catch {
    throw new HttpProblem('BODY_INVALID', `The body is no message ${schema.typeName}.`)
  }
}

function message(bytes: Uint8Array): Response {
  // It is its own, and not shared with anything.
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': messageType } })
}

function described(
  operationId: string,
  summary: string,
  parameters: readonly Parameter[],
): Pick<Operation, 'operationId' | 'summary' | 'tags' | 'parameters'> {
  const suffix = parameters.length === 0 ? 'Default' : ''
  return { operationId: operationId + suffix, summary, tags: ['kv-connect'], parameters }
}

const problemsAsText = {
  '4XX': { description: 'What is wrong.', content: { 'text/plain': { schema: { type: 'string' } } } },
  '5XX': {
    description: 'Why it could not be done; try again.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
}
