// Many entries: `GET /v1/kv/{space}`, page by page or as a stream of lines, and `POST /v1/kv/{space}/get`.

import type { Kv, KvList, KvResult, KvSelector } from '@streamy-db/kv'
import type { Gateway } from '../gateway.ts'
import { HttpProblem } from '../http/http-problem.ts'
import { problemOf } from '../http/problem-response.ts'
import { jsonOf } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { keyOfJson, keyOfParameter, keyToJson } from '../json/key-text.ts'
import { toTypedJson } from '../json/typed-json.ts'
import { serverLimits } from '../limits.ts'
import { inPath, inQuery, json, problems, schemaNamed, type Operation } from '../openapi/operation.ts'
import { spaceOf } from './entry-routes.ts'
import { atParameter, momentOption } from './moment-parameter.ts'

/** The routes of many entries. */
export function kvListRoutes(gateway: Gateway): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/kv/{space}',
      operation: listOperation,
      access: (request) => ({ right: 'read', space: spaceOf(request) }),
      handle: (request) => (wantsLines(request) ? streamLines(gateway, request) : listPage(gateway, request)),
    },
    {
      method: 'POST',
      path: '/v1/kv/{space}/get',
      operation: getManyOperation,
      access: (request) => ({ right: 'read', space: spaceOf(request) }),
      handle: (request) => getMany(gateway, request),
    },
  ]
}

/** An entry, or what stands where there is none, as JSON's own types. */
export function resultToJson(entry: KvResult): unknown {
  const { key, value, version } = entry
  if (version === undefined) return { key: keyToJson(key), value: null, version: null }
  const found = { key: keyToJson(key), value: toTypedJson(value), version }
  return entry.expiresAt === undefined ? found : { ...found, expiresAt: entry.expiresAt }
}

/** The range that a request's parameters name. Throws KEY_INVALID. */
export function selectorOf(request: RouteRequest): KvSelector {
  const selector: Record<string, unknown> = {}
  for (const name of ['prefix', 'start', 'end']) {
    const text = request.parameter(name)
    if (text !== undefined) selector[name] = keyOfParameter(text)
  }
  return selector
}

async function listPage({ spaces }: Gateway, request: RouteRequest): Promise<Response> {
  const { pageEntriesMax, pageEntriesDefault, pageBytesMax } = serverLimits
  const limit = request.count('limit', 1, pageEntriesMax) ?? pageEntriesDefault
  const list = listOf(spaces.get(spaceOf(request)), request, limit + 1)
  const items: string[] = []
  let bytes = 0
  let cursor: string | undefined
  try {
    while (items.length < limit && bytes < pageBytesMax) {
      const { done, value } = await list.next()
      if (done === true) return page(items, undefined, list)
      items.push(JSON.stringify(resultToJson(value)))
      bytes += items.at(-1)!.length
    }
    cursor = list.cursor
    const { done } = await list.next()
    return page(items, done === true ? undefined : cursor, list)
  } finally {
    await list.return()
  }
}

// Put together as text, since its items are text already.
function page(items: readonly string[], cursor: string | undefined, { version }: KvList): Response {
  const body = `{"items":[${items.join(',')}],"cursor":${JSON.stringify(cursor ?? null)},"version":${JSON.stringify(version ?? null)}}`
  return new Response(body, { headers: { 'content-type': 'application/json' } })
}

function streamLines({ spaces, streams }: Gateway, request: RouteRequest): Response {
  const list = listOf(spaces.get(spaceOf(request)), request, request.count('limit', 1, Number.MAX_SAFE_INTEGER))
  return streams.respond({
    chunks: (signal) => lines(list, signal),
    heartbeat: undefined,
    headers: { 'content-type': lineType },
    signal: request.signal,
  })
}

const lineType = 'application/x-ndjson'
const CHUNK_CHARACTERS = 64 * 1024

// The last line of a list that cannot go on says why, since the status is long on its way.
async function* lines(list: KvList, signal: AbortSignal): AsyncGenerator<string> {
  let chunk = ''
  try {
    for await (const entry of list) {
      if (signal.aborted) throw new HttpProblem('SERVER_BUSY', 'The server is closing. Go on elsewhere, with a cursor.')
      chunk += `${JSON.stringify(resultToJson(entry))}\n`
      if (chunk.length < CHUNK_CHARACTERS) continue
      yield chunk
      chunk = ''
    }
  } catch (error) {
    chunk += `${JSON.stringify({ error: problemOf(error) })}\n`
  } finally {
    await list.return()
  }
  yield chunk
}

function listOf(kv: Kv, request: RouteRequest, limit: number | undefined): KvList {
  const cursor = request.parameter('cursor')
  return kv.list(selectorOf(request), {
    reverse: request.flag('reverse'),
    ...(limit !== undefined && { limit }),
    ...momentOption(request.parameter('at')),
    ...(cursor !== undefined && { cursor }),
  })
}

function wantsLines(request: RouteRequest): boolean {
  return request.header('accept')?.includes(lineType) === true
}

async function getMany({ spaces }: Gateway, request: RouteRequest): Promise<Response> {
  const kv = spaces.get(spaceOf(request))
  const body = jsonOf(await request.body())
  const { keys, at } = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  const { keysPerReadMax } = serverLimits
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > keysPerReadMax)
    throw new HttpProblem('BODY_INVALID', `The body must be {"keys":[["users",42]]}, with 1 to ${keysPerReadMax} keys.`)
  const entries = await kv.getMany(keys.map(keyOfJson), momentOption(at))
  return Response.json({ entries: entries.map(resultToJson) })
}

const item = { anyOf: [schemaNamed('Entry'), schemaNamed('Absent')] }
const space = inPath('space', 'Name of the space.')

const listOperation: Operation = {
  operationId: 'listEntries',
  summary: 'Entries in the order of their keys, all as of one moment.',
  description: `With Accept: ${lineType} all of them, one a line; a line with an error is the last one.`,
  tags: ['kv'],
  parameters: [
    space,
    inQuery('prefix', 'Keys that begin with these parts and have more: users, or ["users"].'),
    inQuery('start', 'The first key.'),
    inQuery('end', 'The first key behind the range.'),
    inQuery('limit', 'Entries, at most.', { type: 'integer', minimum: 1 }),
    inQuery('reverse', 'From the last key to the first.', { type: 'boolean' }),
    atParameter,
    inQuery('cursor', 'Goes on where an earlier page of the same range has ended.'),
  ],
  responses: {
    200: {
      description: 'A page. Its cursor is null when it is the last one.',
      content: {
        ...json({
          type: 'object',
          required: ['items', 'cursor', 'version'],
          properties: {
            items: { type: 'array', items: schemaNamed('Entry') },
            cursor: { type: ['string', 'null'] },
            version: { type: ['string', 'null'], description: 'What the page is as of.' },
          },
        }),
        [lineType]: { schema: schemaNamed('Entry') },
      },
    },
    ...problems(410, 501),
  },
}

const getManyOperation: Operation = {
  operationId: 'getEntries',
  summary: 'The entries of several keys, all as of one moment.',
  tags: ['kv'],
  parameters: [space],
  requestBody: {
    required: true,
    content: json({
      type: 'object',
      required: ['keys'],
      properties: { keys: { type: 'array', minItems: 1, items: schemaNamed('Key') }, at: { type: 'string' } },
    }),
  },
  responses: {
    200: {
      description: 'The entries, in the order of the keys.',
      content: json({ type: 'object', required: ['entries'], properties: { entries: { type: 'array', items: item } } }),
    },
    ...problems(408, 410, 413, 501),
  },
}
