// One entry: GET, PUT and DELETE of `/v1/kv/{space}/{key}`, with entity tags.

import type { KvKey, KvSetOptions } from '@streamy-db/kv'
import { kvLimits } from '@streamy-db/kv'
import type { Access } from '../auth/access.ts'
import type { Gateway } from '../gateway.ts'
import { HttpProblem } from '../http/http-problem.ts'
import { problemResponse } from '../http/problem-response.ts'
import { valueOfJson } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { kvOnce, onceOf } from '../idempotency/execute-once.ts'
import { keyOfSegments } from '../json/key-text.ts'
import { typedJsonText } from '../json/typed-json.ts'
import {
  inHeader,
  inPath,
  inQuery,
  json,
  problems,
  schemaNamed,
  type Operation,
  type Parameter,
  type ResponseObject,
} from '../openapi/operation.ts'
import { writeIf } from './conditional-write.ts'
import { momentOption, atParameter } from './moment-parameter.ts'
import { isAmong, type Preconditions, tagOf, tagsOf } from './entry-tag.ts'

const place: readonly Parameter[] = [
  inPath('space', 'Name of the space.'),
  inPath('key', 'The key, one segment a part: users/~42.'),
]

/** The routes of entries. */
export function kvEntryRoutes(gateway: Gateway): readonly Route[] {
  const at = { path: '/v1/kv/{space}/{key}', pattern: '/v1/kv/:space/:key{.+}' }
  const read = (request: RouteRequest): Access => ({ right: 'read', space: spaceOf(request) })
  const write = (request: RouteRequest): Access => ({ right: 'write', space: spaceOf(request) })
  return [
    { ...at, method: 'GET', operation: getOperation, access: read, handle: (request) => get(gateway, request) },
    { ...at, method: 'PUT', operation: putOperation, access: write, handle: (request) => put(gateway, request) },
    {
      ...at,
      method: 'DELETE',
      operation: deleteOperation,
      access: write,
      handle: (request) => remove(gateway, request),
    },
  ]
}

/** The space that a path names. */
export function spaceOf({ segments }: RouteRequest): string {
  return segments[2]!
}

function keyOf({ segments }: RouteRequest): KvKey {
  return keyOfSegments(segments.slice(3))
}

async function get({ spaces }: Gateway, request: RouteRequest): Promise<Response> {
  const { value, version, ...rest } = await spaces
    .get(spaceOf(request))
    .get(keyOf(request), momentOption(request.parameter('at')))
  if (version === undefined) throw absent()
  const headers: Record<string, string> = { etag: tagOf(version), vary: 'accept' }
  if ('expiresAt' in rest && rest.expiresAt !== undefined)
    headers['streamy-expires-at'] = new Date(rest.expiresAt).toISOString()
  const ifNoneMatch = tagsOf(request.header('if-none-match'))
  if (ifNoneMatch !== undefined && isAmong(ifNoneMatch, version)) return new Response(null, { status: 304, headers })
  return new Response(...represent(value, request.header('accept'), headers))
}

async function put(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const key = keyOf(request)
  const preconditions = preconditionsOf(request)
  const expireIn = request.count('expireIn', 1, kvLimits.expireInMaxMs)
  const body = await request.body()
  const value = valueOf(body, request.header('content-type'))
  const options: KvSetOptions | undefined = expireIn === undefined ? undefined : { expireIn }
  const once = onceOf(request, body)
  const kv = once === undefined ? gateway.spaces.get(spaceOf(request)) : kvOnce(gateway.db, spaceOf(request), once)
  const written =
    preconditions === undefined
      ? { ok: true as const, ...(await kv.set(key, value, options)) }
      : await writeIf(kv, key, preconditions, { set: key, value, ...options })
  if (!written.ok) return failed(written.version)
  const { version, created } = written
  const headers = { 'content-type': 'application/json', etag: tagOf(version) }
  return new Response(`{"version":"${version}"}`, { status: created ? 201 : 200, headers })
}

async function remove(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const key = keyOf(request)
  const preconditions = preconditionsOf(request)
  const once = onceOf(request, new Uint8Array(0))
  const kv = once === undefined ? gateway.spaces.get(spaceOf(request)) : kvOnce(gateway.db, spaceOf(request), once)
  if (preconditions === undefined) await kv.delete(key)
  else {
    const written = await writeIf(kv, key, preconditions, { delete: key })
    if (!written.ok) return failed(written.version)
  }
  return new Response(null, { status: 204 })
}

function preconditionsOf(request: RouteRequest): Preconditions | undefined {
  const [ifMatch, ifNoneMatch] = [tagsOf(request.header('if-match')), tagsOf(request.header('if-none-match'))]
  return ifMatch === undefined && ifNoneMatch === undefined ? undefined : { ifMatch, ifNoneMatch }
}

// Types that clients send when they were told none, curl a form's and fetch that of text, are taken for JSON: nobody has to
// name a type to store a value.
function valueOf(body: Buffer, type: string | undefined): unknown {
  const [media = ''] = (type ?? '').toLowerCase().split(';')
  switch (media.trim()) {
    case 'application/octet-stream':
      return Uint8Array.from(body)
    case '':
    case 'application/json':
    case 'application/x-www-form-urlencoded':
    case 'text/plain':
      return valueOfJson(body)
    default:
      throw new HttpProblem(
        'MEDIA_TYPE_UNSUPPORTED',
        `A value cannot be ${media}. Send application/json, or bytes as application/octet-stream.`,
      )
  }
}

function represent(
  value: unknown,
  accept: string | undefined,
  headers: Record<string, string>,
): [body: string | Uint8Array<ArrayBuffer>, init: { readonly headers: Record<string, string> }] {
  const wanted = accept?.split(';')[0]?.trim().toLowerCase()
  // Bytes of a program's own must never be taken for a page of this site.
  const own = { ...headers, 'x-content-type-options': 'nosniff' }
  if (wanted === 'application/octet-stream') {
    if (value instanceof Uint8Array)
      return [Uint8Array.from(value), { headers: { ...own, 'content-type': 'application/octet-stream' } }]
    throw new HttpProblem('NOT_ACCEPTABLE', 'The value is no bytes. Ask for application/json.')
  }
  return [typedJsonText(value), { headers: { ...own, 'content-type': 'application/json' } }]
}

function absent(): HttpProblem {
  return new HttpProblem('KEY_ABSENT', 'There is no entry under this key.')
}

function failed(version: string | undefined): Response {
  const state = version === undefined ? 'There is no entry under this key' : `The entry has the version ${version}`
  const problem = new HttpProblem('PRECONDITION_FAILED', `${state}. Nothing was written; get it and decide again.`, {
    ...(version !== undefined && { etag: tagOf(version) }),
  })
  return problemResponse(problem)
}

const valueContent = {
  ...json(schemaNamed('Value')),
  'application/octet-stream': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } },
}

const tagHeader = { ETag: { description: 'The version, quoted.', schema: { type: 'string' } } }
const written: ResponseObject = {
  description: 'It was written.',
  headers: tagHeader,
  content: json({ type: 'object', required: ['version'], properties: { version: schemaNamed('Version') } }),
}

const once = inHeader('Idempotency-Key', 'Names this request, so that it happens once however often it is sent.')
const ifMatch = inHeader('If-Match', 'Only over an entry of one of these versions; * for any.')

const getOperation: Operation = {
  operationId: 'getEntry',
  summary: 'The value of a key.',
  tags: ['kv'],
  parameters: [...place, atParameter, inHeader('If-None-Match', 'Answers 304 for an entry of one of these versions.')],
  responses: {
    200: { description: 'The value.', headers: tagHeader, content: valueContent },
    304: { description: 'The entry is of a version that was named.' },
    ...problems(404, 406, 410, 501),
  },
}

const putOperation: Operation = {
  operationId: 'putEntry',
  summary: 'Sets the value of a key.',
  tags: ['kv'],
  parameters: [
    ...place,
    inQuery('expireIn', 'Milliseconds after which the entry is gone.', { type: 'integer', minimum: 1 }),
    ifMatch,
    inHeader('If-None-Match', '*: only where there is no entry. Versions: only over others.'),
    once,
  ],
  requestBody: { required: true, content: valueContent },
  responses: {
    200: written,
    201: { ...written, description: 'It was created.' },
    ...problems(408, 409, 412, 413, 415, 422),
  },
}

const deleteOperation: Operation = {
  operationId: 'deleteEntry',
  summary: 'Deletes an entry, if there is one.',
  tags: ['kv'],
  parameters: [...place, ifMatch, inHeader('If-None-Match', 'Only over an entry of other versions.'), once],
  responses: { 204: { description: 'There is none now.' }, ...problems(409, 412, 422) },
}
