// `POST /v1/kv/{space}/transactions`: asserts, updates and gets as one transaction. An assert that does not hold is an
// answer, with the status of a conflict, and no problem: it says which one it was and what the entry is now.

import type { KvRangeResult, KvResult, KvTransactionResult } from '@streamy-db/kv'
import type { Gateway } from '../gateway.ts'
import { valueOfJson } from '../http/request-body.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { kvOnce, onceOf } from '../idempotency/execute-once.ts'
import { toTypedJson } from '../json/typed-json.ts'
import { inHeader, inPath, json, problems, schemaNamed, type Operation, type Schema } from '../openapi/operation.ts'
import { spaceOf } from './entry-routes.ts'
import { resultToJson } from './list-routes.ts'
import { transactionOf } from './transaction-body.ts'

/** The route of transactions. */
export function kvTransactionRoutes(gateway: Gateway): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/kv/{space}/transactions',
      operation,
      access: (request) => ({ right: 'write', space: spaceOf(request) }),
      handle: (request) => transact(gateway, request),
    },
  ]
}

async function transact({ db, spaces }: Gateway, request: RouteRequest): Promise<Response> {
  const body = await request.body()
  const transaction = transactionOf(valueOfJson(body))
  const once = onceOf(request, body)
  const space = spaceOf(request)
  const result = await (once === undefined ? spaces.get(space) : kvOnce(db, space, once)).transact(transaction)
  return Response.json(toJson(result), { status: result.ok ? 200 : 409 })
}

function toJson(result: KvTransactionResult): unknown {
  if (result.ok) return { ok: true, version: result.version, gets: result.gets.map(getToJson) }
  const { index, assert, entry, count } = result.failed
  const failed = {
    index,
    assert: toTypedJson(assert),
    entry: entry === undefined ? null : resultToJson(entry),
    ...(count !== undefined && { count }),
  }
  return { ok: false, failed }
}

function getToJson(get: KvResult | KvRangeResult): unknown {
  if (!('entries' in get)) return resultToJson(get)
  return { items: get.entries.map(resultToJson), cursor: get.cursor ?? null }
}

const committed: Schema = {
  type: 'object',
  required: ['ok', 'version', 'gets'],
  properties: { ok: { const: true }, version: schemaNamed('Version'), gets: { type: 'array' } },
}

const failed: Schema = {
  type: 'object',
  required: ['ok', 'failed'],
  properties: {
    ok: { const: false },
    failed: {
      type: 'object',
      required: ['index', 'assert', 'entry'],
      properties: {
        index: { type: 'integer', description: 'Which assert, from 0.' },
        assert: schemaNamed('Assert'),
        entry: { anyOf: [schemaNamed('Entry'), schemaNamed('Absent'), { type: 'null' }] },
        count: { type: 'integer' },
      },
    },
  },
}

const operation: Operation = {
  operationId: 'transact',
  summary: 'Asserts, updates and gets, as one transaction.',
  description: 'All asserts are checked first, then the updates apply in their order, then the gets read.',
  tags: ['kv'],
  parameters: [
    inPath('space', 'Name of the space.'),
    inHeader('Idempotency-Key', 'Names this request, so that it happens once however often it is sent.'),
  ],
  requestBody: {
    required: true,
    content: json({
      type: 'object',
      additionalProperties: false,
      properties: {
        asserts: { type: 'array', items: schemaNamed('Assert') },
        updates: { type: 'array', items: schemaNamed('Update') },
        gets: {
          type: 'array',
          items: { anyOf: [schemaNamed('Key'), { type: 'object', properties: { range: schemaNamed('Range') } }] },
        },
      },
    }),
  },
  responses: {
    200: { description: 'It took effect.', content: json(committed) },
    ...problems(408, 413, 422),
    409: {
      description: 'An assert does not hold, and nothing was changed; or the answer to an idempotency key is gone.',
      content: { ...json(failed), 'application/problem+json': { schema: schemaNamed('Problem') } },
    },
  },
}
