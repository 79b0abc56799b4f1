// One document: GET, PUT and DELETE of `/v1/collections/{name}/{id}`, with entity tags, which are positions of writes. An
// id is written as a part of a key is: text as it is, `~42` a number.

import {
  type AnyDocument,
  Collection,
  type CollectionInTransaction,
  type DocumentId,
  TransactionDocuments,
} from '@streamy-db/documents'
import type { Access } from '../auth/access.ts'
import type { Gateway } from '../gateway.ts'
import { HttpProblem } from '../http/http-problem.ts'
import { problemResponse } from '../http/problem-response.ts'
import { valueOfJson } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { keyOfSegments } from '../json/key-text.ts'
import { typedJsonText } from '../json/typed-json.ts'
import { holds, isAmong, type Preconditions, tagOf, tagsOf } from '../kv/entry-tag.ts'
import { inHeader, inPath, json, problems, type Operation, type Parameter } from '../openapi/operation.ts'
import { collectionNameOf, collectionOf, writtenCollectionOf } from './collection-routes.ts'

/** The routes of documents. */
export function documentRoutes(gateway: Gateway): readonly Route[] {
  const path = '/v1/collections/{name}/{id}'
  const access =
    (right: 'read' | 'write') =>
    (request: RouteRequest): Access => ({
      right,
      collection: collectionNameOf(request),
    })
  return [
    {
      method: 'GET',
      path,
      operation: getOperation,
      access: access('read'),
      handle: (request) => get(gateway, request),
    },
    {
      method: 'PUT',
      path,
      operation: putOperation,
      access: access('write'),
      handle: (request) => put(gateway, request),
    },
    {
      method: 'DELETE',
      path,
      operation: deleteOperation,
      access: access('write'),
      handle: (request) => remove(gateway, request),
    },
  ]
}

async function get(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const stored = await collectionOf(gateway, request).getStored(idOf(request))
  if (stored === undefined) throw new HttpProblem('DOCUMENT_ABSENT', 'There is no document of this id.')
  const version = String(stored.position)
  const headers = { etag: tagOf(version), 'content-type': 'application/json', 'x-content-type-options': 'nosniff' }
  const ifNoneMatch = tagsOf(request.header('if-none-match'))
  if (ifNoneMatch !== undefined && isAmong(ifNoneMatch, version)) return new Response(null, { status: 304, headers })
  return new Response(typedJsonText(stored.document), { headers })
}

async function put(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const id = idOf(request)
  const body = await request.body()
  const document = valueOfJson(body)
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new HttpProblem('BODY_INVALID', 'The body is no document: send an object.')
  const { _id: named = id } = document as { readonly _id?: unknown }
  if (typedJsonText(named) !== typedJsonText(id))
    throw new HttpProblem('BODY_INVALID', 'The _id of the document is not the one of the path.')
  const whole = { ...document, _id: id } as AnyDocument
  if (isKeyed(request)) {
    const replaceOne = { filter: { _id: id }, replacement: whole, upsert: true }
    const { upsertedCount } = await writtenCollectionOf(gateway, request, body).bulkWrite([{ replaceOne }])
    return new Response(null, { status: upsertedCount === 0 ? 204 : 201 })
  }
  const outcome = await writeIf(gateway, request, (collection, isThere) => {
    if (isThere) collection.replaceOne({ _id: id }, whole)
    else collection.insertOne(whole)
  })
  return outcome.ok ? new Response(null, { status: outcome.isThere ? 204 : 201 }) : failed(outcome.version)
}

async function remove(gateway: Gateway, request: RouteRequest): Promise<Response> {
  if (isKeyed(request)) {
    await writtenCollectionOf(gateway, request, new Uint8Array(0)).deleteOne({ _id: idOf(request) })
    return new Response(null, { status: 204 })
  }
  const outcome = await writeIf(gateway, request, (collection, isThere) => {
    if (isThere) collection.deleteOne({ _id: idOf(request) })
  })
  return outcome.ok ? new Response(null, { status: 204 }) : failed(outcome.version)
}

// Whether a write has an idempotency key. A precondition is looked at before the write, whose repeat would meet what the
// first has made: so it is one or the other.
function isKeyed(request: RouteRequest): boolean {
  if (request.header('idempotency-key') === undefined) return false
  if (request.header('if-match') === undefined && request.header('if-none-match') === undefined) return true
  throw new HttpProblem(
    'IDEMPOTENCY_KEY_INVALID',
    'A write of a document has an idempotency key or a precondition, and not both. Nothing was written: leave one out.',
  )
}

type ConditionalOutcome =
  | { readonly ok: true; readonly isThere: boolean }
  | { readonly ok: false; readonly version: string | undefined }

// Reads the document and writes it in one transaction, which is run again when it has changed in between.
async function writeIf(
  gateway: Gateway,
  request: RouteRequest,
  write: (collection: CollectionInTransaction<AnyDocument>, isThere: boolean) => void,
): Promise<ConditionalOutcome> {
  const preconditions: Preconditions = {
    ifMatch: tagsOf(request.header('if-match')),
    ifNoneMatch: tagsOf(request.header('if-none-match')),
  }
  const handle: Collection = collectionOf(gateway, request)
  return await gateway.db.transaction(async (tx) => {
    const documents = new TransactionDocuments(tx)
    const collection = documents.collection(handle)
    const stored = await collection.getStored(idOf(request))
    const version = stored && String(stored.position)
    if (!holds(preconditions, version)) return { ok: false, version }
    write(collection, stored !== undefined)
    await documents.flush()
    return { ok: true, isThere: stored !== undefined }
  })
}

function idOf({ segments }: RouteRequest): DocumentId {
  return keyOfSegments([segments[3]!])[0]!
}

function failed(version: string | undefined): Response {
  const state = version === undefined ? 'There is no document of this id' : `The document has the version ${version}`
  return problemResponse(
    new HttpProblem('PRECONDITION_FAILED', `${state}. Nothing was written; get it and decide again.`, {
      ...(version !== undefined && { etag: tagOf(version) }),
    }),
  )
}

const place: readonly Parameter[] = [
  inPath('name', 'Name of the collection.'),
  inPath('id', 'The _id: text as it is, ~42 a number.'),
]
const document = json({ type: 'object' })
const conditions = [
  inHeader('If-Match', 'Only over a document of one of these versions; * for any.'),
  inHeader('If-None-Match', '*: only where there is none. Versions: only over others.'),
  inHeader('Idempotency-Key', 'Names this request, so that it happens once; not beside a precondition.'),
]

const getOperation: Operation = {
  operationId: 'getDocument',
  summary: 'The document of an id.',
  tags: ['documents'],
  parameters: [...place, inHeader('If-None-Match', 'Answers 304 for a document of one of these versions.')],
  responses: {
    200: { description: 'The document.', content: document },
    304: { description: 'The document is of a version that was named.' },
    ...problems(404),
  },
}

const putOperation: Operation = {
  operationId: 'putDocument',
  summary: 'Writes the document of an id, over whatever was there.',
  tags: ['documents'],
  parameters: [...place, ...conditions],
  requestBody: { required: true, content: document },
  responses: {
    201: { description: 'It was inserted.' },
    204: { description: 'It was replaced.' },
    ...problems(408, 409, 412, 413, 422),
  },
}

const deleteOperation: Operation = {
  operationId: 'deleteDocument',
  summary: 'Deletes a document, if there is one.',
  tags: ['documents'],
  parameters: [...place, ...conditions],
  responses: { 204: { description: 'There is none now.' }, ...problems(409, 412, 422) },
}
