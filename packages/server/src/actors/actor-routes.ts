// `POST /v1/actors/{type}/{key}/{message}`: a message or a query to one actor, its arguments as a JSON array.

import { StreamyError, type Call } from '@streamy-db/core'
import { layerPortOf } from '@streamy-db/runtime'
import { authorize } from '../auth/access.ts'
import type { Gateway } from '../gateway.ts'
import { HttpProblem } from '../http/http-problem.ts'
import { valueOfJson } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { executeOnce, onceOf } from '../idempotency/execute-once.ts'
import { typedJsonText } from '../json/typed-json.ts'
import { inHeader, inPath, json, problems, schemaNamed, type Operation } from '../openapi/operation.ts'

/** The route of actors. */
export function actorRoutes(gateway: Gateway): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/actors/{type}/{key}/{message}',
      operation,
      access: (request) => ({ actor: typeOf(request) }),
      handle: (request) => call(gateway, request),
    },
  ]
}

// The layers' actors are reached through their layers, which check what may be done to them.
function typeOf({ segments }: RouteRequest): string {
  const type = segments[2]!
  if (!type.includes('.')) return type
  throw new StreamyError('ACTOR_UNKNOWN', `There is no actor type ${type} here: names with a dot are the layers' own.`)
}

async function call({ db }: Gateway, request: RouteRequest): Promise<Response> {
  const port = layerPortOf(db)
  const [, , type = '', key = '', message = ''] = request.segments
  const body = await request.body()
  const named = port.nameCall(type, key, message, argumentsOf(body))
  authorize(request.principal, { right: named.kind === 'query' ? 'read' : 'write', actor: type })
  if (named.kind === 'message') return await send(db, request, named.call, body)
  const [result] = await port.query([named.call])
  return respond(result, undefined)
}

async function send(db: Gateway['db'], request: RouteRequest, message: Call, body: Buffer): Promise<Response> {
  const port = layerPortOf(db)
  const once = onceOf(request, body)
  const executed = once === undefined ? await port.execute([message]) : await executeOnce(port, once, [message])
  return respond(executed.results[0], executed.position)
}

function respond(result: unknown, position: number | undefined): Response {
  const headers = position === undefined ? {} : { 'streamy-position': String(position) }
  if (result === undefined) return new Response(null, { status: 204, headers })
  return new Response(typedJsonText(result), { headers: { ...headers, 'content-type': 'application/json' } })
}

function argumentsOf(body: Buffer): readonly unknown[] {
  if (body.length === 0) return []
  const args = valueOfJson(body)
  if (Array.isArray(args)) return args
  throw new HttpProblem('BODY_INVALID', 'The body must be a JSON array of the arguments: ["bob",5], or [] or nothing.')
}

const operation: Operation = {
  operationId: 'callActor',
  summary: 'Sends a message or a query to an actor.',
  description: 'A message asks for the right to write, a query for the right to read.',
  tags: ['actors'],
  parameters: [
    inPath('type', 'Type of the actor.'),
    inPath('key', 'Its key.'),
    inPath('message', 'Name of the message or the query.'),
    inHeader('Idempotency-Key', 'Names this request, so that it happens once however often it is sent.'),
  ],
  requestBody: { required: false, content: json({ type: 'array', items: schemaNamed('Value') }) },
  responses: {
    200: {
      description: 'What it returned.',
      headers: { 'Streamy-Position': { description: 'Of the transaction.', schema: { type: 'string' } } },
      content: json(schemaNamed('Value')),
    },
    204: { description: 'It returned nothing.' },
    ...problems(404, 408, 409, 413, 422, 500, 504),
  },
}
