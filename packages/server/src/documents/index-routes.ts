// Indexes of a collection: `GET /v1/collections/{name}/indexes`, with how far builds have come, and PUT and DELETE of one.
// Builds run in the database by themselves; whoever has declared an index looks at the list until it is ready.

import type { IndexOptions, IndexReport } from '@streamy-db/documents'
import type { Gateway } from '../gateway.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { queryToJson } from '../json/query-json.ts'
import { inPath, json, problems, type Operation, type Parameter, type Schema } from '../openapi/operation.ts'
import { membersOf } from './collection-body.ts'
import { collectionNameOf, collectionOf } from './collection-routes.ts'

const optionMembers = { keys: 'query', unique: 'flag', sparse: 'flag', where: 'query' } as const

/** The routes of indexes. */
export function indexRoutes(gateway: Gateway): readonly Route[] {
  const all = '/v1/collections/{name}/indexes'
  const one = `${all}/{index}`
  const access = (right: 'read' | 'write') => (request: RouteRequest) =>
    ({ right, collection: collectionNameOf(request) }) as const
  return [
    {
      method: 'GET',
      path: all,
      operation: listOperation,
      access: access('read'),
      handle: (request) => list(gateway, request),
    },
    {
      method: 'PUT',
      path: one,
      operation: createOperation,
      access: access('write'),
      handle: (request) => create(gateway, request),
    },
    {
      method: 'DELETE',
      path: one,
      operation: dropOperation,
      access: access('write'),
      handle: (request) => drop(gateway, request),
    },
  ]
}

async function list(gateway: Gateway, request: RouteRequest): Promise<Response> {
  return Response.json({ indexes: (await collectionOf(gateway, request).indexes()).map(reportToJson) })
}

async function create(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const options = membersOf(await request.body(), optionMembers)
  const collection = collectionOf(gateway, request)
  const name = indexOf(request)
  // The layer checks what they hold.
  await collection.createIndex(name, options as IndexOptions)
  const index = (await collection.indexes()).find((each) => each.name === name)
  // Somebody else may have dropped it already.
  return Response.json(index === undefined ? {} : reportToJson(index), { status: 202 })
}

async function drop(gateway: Gateway, request: RouteRequest): Promise<Response> {
  await collectionOf(gateway, request).dropIndex(indexOf(request))
  return new Response(null, { status: 204 })
}

function indexOf({ segments }: RouteRequest): string {
  return segments[4]!
}

function reportToJson({ name, keys, unique, sparse, where, state, failure, documentsBuilt }: IndexReport): object {
  return {
    name,
    keys: Object.fromEntries(keys),
    unique,
    sparse,
    where: where === undefined ? null : queryToJson(where),
    state,
    failure: failure ?? null,
    documentsBuilt: documentsBuilt ?? null,
  }
}

const inCollection = inPath('name', 'Name of the collection.')
const place: readonly Parameter[] = [inCollection, inPath('index', 'Name of the index.')]

const report: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    keys: { type: 'object', description: 'Paths with 1 or -1.' },
    unique: { type: 'boolean' },
    sparse: { type: 'boolean' },
    where: { type: ['object', 'null'], description: 'The filter of a partial index.' },
    state: { enum: ['building', 'ready', 'failed'] },
    failure: { type: ['string', 'null'], description: 'Why its build has failed.' },
    documentsBuilt: {
      type: ['integer', 'null'],
      description: 'Documents that its build has passed, while it is built.',
    },
  },
}

const listOperation: Operation = {
  operationId: 'listIndexes',
  summary: 'The indexes of a collection, with how far builds have come.',
  tags: ['documents'],
  parameters: [inCollection],
  responses: {
    200: {
      description: 'The indexes.',
      content: json({
        type: 'object',
        required: ['indexes'],
        properties: { indexes: { type: 'array', items: report } },
      }),
    },
    ...problems(),
  },
}

const createOperation: Operation = {
  operationId: 'createIndex',
  summary: 'Declares an index. It is built in the background; one that is there already stays as it is.',
  tags: ['documents'],
  parameters: place,
  requestBody: {
    required: true,
    content: json({
      type: 'object',
      additionalProperties: false,
      required: ['keys'],
      properties: {
        keys: { type: 'object', description: 'Paths with 1 or -1, in the order in which the index sorts.' },
        unique: { type: 'boolean' },
        sparse: { type: 'boolean', description: 'Leaves out documents that lack all fields.' },
        where: { type: 'object', description: 'A filter: leaves out documents that it does not match.' },
      },
    }),
  },
  responses: {
    202: { description: 'It is declared, and is as told.', content: json(report) },
    ...problems(408, 409, 413, 422),
  },
}

const dropOperation: Operation = {
  operationId: 'dropIndex',
  summary: 'Drops an index, if there is one. What it holds is removed in the background.',
  tags: ['documents'],
  parameters: place,
  responses: { 204: { description: 'There is none now.' }, ...problems() },
}
