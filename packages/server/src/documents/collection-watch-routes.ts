// `GET /v1/collections/{name}/watch`: what changes of a collection, as server-sent events. Each event is a transaction; its
// id is the position, so a client that comes back with the last id that it has seen misses nothing and sees nothing twice.
// Where what it has missed is gone, it is told so, reads the collection anew, and goes on from there.

import type { AnyDocument, Collection, DocumentChange, Filter, WatchBatch } from '@streamy-db/documents'
import type { Gateway } from '../gateway.ts'
import { eventStream, eventStreamType, problemEvent } from '../http/event-stream.ts'
import { HttpProblem } from '../http/http-problem.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { queryOfJson } from '../json/query-json.ts'
import { toTypedJson } from '../json/typed-json.ts'
import { isBehindHistory } from '../kv/watch-routes.ts'
import { serverLimits } from '../limits.ts'
import { inHeader, inPath, inQuery, problems, type Operation } from '../openapi/operation.ts'
import { collectionNameOf, collectionOf } from './collection-routes.ts'

/** The route of watches. */
export function collectionWatchRoutes(gateway: Gateway): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/collections/{name}/watch',
      operation,
      access: (request) => ({ right: 'read', collection: collectionNameOf(request) }),
      handle: (request) => watch(gateway, request),
    },
  ]
}

async function watch(gateway: Gateway, request: RouteRequest): Promise<Response> {
  const collection = collectionOf(gateway, request)
  const filter = filterOf(request)
  const from = startOf(request)
  // What cannot be watched is refused now, while there is a status to say it with.
  void collection.watch({ filter }).return?.()
  const start = from ?? (await collection.position())
  return eventStream(gateway.streams, request, (signal) => events(collection, filter, start, signal))
}

async function* events(
  collection: Collection,
  filter: Filter<AnyDocument>,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  // Whoever is cut off before the first event comes back with this id.
  yield `retry: ${serverLimits.watchRetryMs}\nid: ${start}\n\n`
  let last = start
  for (;;) {
    try {
      for await (const batch of collection.watch({ filter, from: last, signal })) {
        last = batch.position
        yield eventOf(batch.position, batchToJson(batch))
      }
      return
    } catch (error) {
      if (!isBehindHistory(error)) {
        yield problemEvent(error)
        return
      }
      last = await collection.position()
      yield eventOf(last, { position: last, missed: true, changes: [] })
    }
  }
}

function eventOf(position: number, data: object): string {
  return `id: ${position}\ndata: ${JSON.stringify(data)}\n\n`
}

function batchToJson({ position, time, changes }: WatchBatch<AnyDocument>): object {
  return { position, missed: false, time: time.toISOString(), changes: changes.map(changeToJson) }
}

function changeToJson({ operation: what, id, before, after }: DocumentChange<AnyDocument>): object {
  return {
    operation: what,
    id: toTypedJson(id),
    before: before === undefined ? null : toTypedJson(before),
    after: after === undefined ? null : toTypedJson(after),
  }
}

function filterOf(request: RouteRequest): Filter<AnyDocument> {
  const text = request.parameter('filter')
  if (text === undefined) return {}
  const filter = queryOfJson(parsed(text))
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) throw noFilter()
  // The layer checks what it holds.
  return filter as Filter<AnyDocument>
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw noFilter()
  }
}

function noFilter(): HttpProblem {
  return new HttpProblem(
    'PARAMETER_INVALID',
    'The parameter filter is no object of JSON: {"org":"x"}, percent-encoded.',
  )
}

// The header is what a client has seen last; the parameter is where it wanted to begin.
function startOf(request: RouteRequest): number | undefined {
  const last = request.header('last-event-id')
  if (last === undefined || last === '') return request.count('from', 0, Number.MAX_SAFE_INTEGER)
  if (/^\d{1,15}$/.test(last)) return Number(last)
  throw new HttpProblem('PARAMETER_INVALID', 'The header Last-Event-ID is no id of an event of this stream.')
}

const operation: Operation = {
  operationId: 'watchDocuments',
  summary: 'What changes of a collection, as server-sent events.',
  description:
    'The data of an event is {"position", "time", "missed", "changes"}, and that of a change {"operation", "id", "before", ' +
    '"after"}. Where "missed" is true, changes in between are gone from the history: read the collection anew. An event ' +
    'named problem says why the stream ends.',
  tags: ['documents'],
  parameters: [
    inPath('name', 'Name of the collection.'),
    inQuery('filter', 'Only changes of documents that it matches, before or after; JSON.'),
    inQuery('from', 'Goes on behind this position; by default, behind now.', { type: 'integer', minimum: 0 }),
    inHeader('Last-Event-ID', 'As from; what browsers send when they come back.'),
  ],
  responses: {
    200: { description: 'Events.', content: { [eventStreamType]: { schema: { type: 'string' } } } },
    ...problems(422),
  },
}
