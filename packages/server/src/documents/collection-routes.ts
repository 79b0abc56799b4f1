// `POST /v1/collections/{name}/find|insert|update|delete|count|aggregate`: queries and writes of a collection. Documents
// come and go as typed JSON; in filters, updates and pipelines a dollar sign is an operator's.

import { type AnyDocument, Collection, defineCollection, type Filter } from '@streamy-db/documents'
import type { Gateway } from '../gateway.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { collectionOnce, onceOf } from '../idempotency/execute-once.ts'
import { toTypedJson } from '../json/typed-json.ts'
import { serverLimits } from '../limits.ts'
import { inHeader, inPath, json, problems, type Operation, type Schema } from '../openapi/operation.ts'
import { type MemberKind, membersOf } from './collection-body.ts'

type Collect = (collection: Collection, body: Buffer, isKeyed: boolean) => Promise<unknown>

interface CollectionAction {
  readonly name: string
  readonly right: 'read' | 'write'
  readonly summary: string
  readonly members: Readonly<Record<string, MemberKind>>
  readonly run: Collect
}

const query = { filter: 'query', hint: 'text' } as const
const found = { ...query, sort: 'query' } as const
const findMembers = {
  ...found,
  skip: 'count',
  limit: 'count',
  projection: 'query',
  cursor: 'text',
  allowScan: 'flag',
} as const
const insertMembers = { documents: 'documents' } as const
const updateMembers = { ...found, update: 'query', many: 'flag', upsert: 'flag', arrayFilters: 'list' } as const
const deleteMembers = { ...found, many: 'flag' } as const
const aggregateMembers = { pipeline: 'list', allowScan: 'flag' } as const

const actions: readonly CollectionAction[] = [
  { name: 'find', right: 'read', summary: 'The documents that a filter matches.', members: findMembers, run: find },
  { name: 'count', right: 'read', summary: 'How many documents a filter matches.', members: query, run: count },
  {
    name: 'aggregate',
    right: 'read',
    summary: 'What a pipeline makes of the documents.',
    members: aggregateMembers,
    run: aggregate,
  },
  { name: 'insert', right: 'write', summary: 'Inserts documents, all or none.', members: insertMembers, run: insert },
  {
    name: 'replace',
    right: 'write',
    summary: 'Writes documents, over those of their ids.',
    members: insertMembers,
    run: replace,
  },
  {
    name: 'update',
    right: 'write',
    summary: 'Changes the first document that a filter matches, or all.',
    members: updateMembers,
    run: update,
  },
  {
    name: 'delete',
    right: 'write',
    summary: 'Deletes the first document that a filter matches, or all.',
    members: deleteMembers,
    run: remove,
  },
]

/** The routes of collections. */
export function collectionRoutes(gateway: Gateway): readonly Route[] {
  return actions.map((action) => ({
    method: 'POST',
    path: `/v1/collections/{name}/${action.name}`,
    operation: operationOf(action),
    access: (request) => ({ right: action.right, collection: collectionNameOf(request) }),
    handle: (request) => act(gateway, action, request),
  }))
}

/** The collection that a path names. Throws OPTIONS_INVALID for a name that is none. */
export function collectionOf({ db }: Gateway, request: RouteRequest): Collection {
  // Schemas are held to where documents are written, if the database was opened with them.
  return new Collection(db, defineCollection(collectionNameOf(request)), true)
}

/** The collection for a write with that body: one that happens once, where the request has an idempotency key. */
export function writtenCollectionOf(gateway: Gateway, request: RouteRequest, body: Uint8Array): Collection {
  const once = onceOf(request, body)
  return once === undefined
    ? collectionOf(gateway, request)
    : collectionOnce(gateway.db, collectionNameOf(request), once)
}

/** The name in the path. */
export function collectionNameOf({ segments }: RouteRequest): string {
  return segments[2]!
}

async function act(gateway: Gateway, { right, run }: CollectionAction, request: RouteRequest): Promise<Response> {
  const body = await request.body()
  const isKeyed = right === 'write' && request.header('idempotency-key') !== undefined
  const collection = isKeyed ? writtenCollectionOf(gateway, request, body) : collectionOf(gateway, request)
  return Response.json(await run(collection, body, isKeyed))
}

async function find(collection: Collection, body: Buffer): Promise<unknown> {
  const { filter, limit = serverLimits.documentsPerAnswerMax, ...options } = membersOf(body, findMembers)
  const atMost = Math.min(Number(limit), serverLimits.documentsPerAnswerMax)
  const cursor = collection.find(filterOf(filter), { ...options, limit: atMost } as object)
  const documents = await cursor.toArray()
  return { documents: documents.map(toTypedJson), cursor: cursor.cursor ?? null }
}

async function count(collection: Collection, body: Buffer): Promise<unknown> {
  const { filter, ...options } = membersOf(body, query)
  return { count: await collection.countDocuments(filterOf(filter), options as object) }
}

async function aggregate(collection: Collection, body: Buffer): Promise<unknown> {
  const { pipeline = [], ...options } = membersOf(body, aggregateMembers)
  const results = await collection.aggregate(
    pipeline as readonly Readonly<Record<string, unknown>>[],
    options as object,
  )
  return { results: results.map(toTypedJson) }
}

async function insert(collection: Collection, body: Buffer, isKeyed: boolean): Promise<unknown> {
  const { documents = [] } = membersOf(body, insertMembers)
  const all = documents as readonly AnyDocument[]
  if (!isKeyed || all.every((document) => document?._id !== undefined)) {
    const { insertedIds } = await collection.insertMany(all)
    return { insertedIds: insertedIds.map(toTypedJson) }
  }
  // Ids that are made here are others in a repeat: the outcome tells those of the first time.
  const { insertedIds } = await collection.bulkWrite(all.map((document) => ({ insertOne: { document } })))
  return { insertedIds: all.map((_, index) => toTypedJson(insertedIds[index])) }
}

// Writing a document twice is writing it once: what an import that is run again rests on.
async function replace(collection: Collection, body: Buffer): Promise<unknown> {
  const { documents = [] } = membersOf(body, insertMembers)
  const { matchedCount, upsertedCount } = await collection.bulkWrite(
    (documents as readonly AnyDocument[]).map((replacement) => ({
      replaceOne: { filter: { _id: replacement?._id }, replacement, upsert: true },
    })),
  )
  return { replacedCount: matchedCount, insertedCount: upsertedCount }
}

async function update(collection: Collection, body: Buffer): Promise<unknown> {
  const { filter, update: change, many = false, ...options } = membersOf(body, updateMembers)
  const run = many === true ? collection.updateMany.bind(collection) : collection.updateOne.bind(collection)
  const { upsertedId, ...counts } = await run(requiredFilterOf(filter), (change ?? {}) as object, options as object)
  return { ...counts, upsertedId: upsertedId === undefined ? null : toTypedJson(upsertedId) }
}

async function remove(collection: Collection, body: Buffer): Promise<unknown> {
  const { filter, many = false, ...options } = membersOf(body, deleteMembers)
  return many === true
    ? await collection.deleteMany(requiredFilterOf(filter))
    : await collection.deleteOne(requiredFilterOf(filter), options as object)
}

function filterOf(filter: unknown): Filter<AnyDocument> {
  return (filter ?? {}) as Filter<AnyDocument>
}

// A write without a filter is refused by the layer: nobody deletes everything by leaving something out.
function requiredFilterOf(filter: unknown): Filter<AnyDocument> {
  return filter as Filter<AnyDocument>
}

const schemas: Readonly<Record<MemberKind, Schema>> = {
  query: { type: 'object' },
  list: { type: 'array', items: { type: 'object' } },
  documents: { type: 'array', items: { type: 'object' } },
  text: { type: 'string' },
  count: { type: 'integer', minimum: 0 },
  flag: { type: 'boolean' },
}

const idempotencyKey = inHeader(
  'Idempotency-Key',
  'Names this request, so that it happens once however often it is sent.',
)

function operationOf({ name, right, summary, members }: CollectionAction): Operation {
  const properties = Object.fromEntries(Object.entries(members).map(([member, kind]) => [member, schemas[kind]]))
  return {
    operationId: `${name}Documents`,
    summary,
    tags: ['documents'],
    parameters: [inPath('name', 'Name of the collection.'), ...(right === 'write' ? [idempotencyKey] : [])],
    requestBody: { required: true, content: json({ type: 'object', additionalProperties: false, properties }) },
    responses: {
      200: { description: 'What came of it.', content: json({ type: 'object' }) },
      ...problems(408, 409, 413, 422),
    },
  }
}
