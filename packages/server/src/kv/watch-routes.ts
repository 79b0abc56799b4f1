// `GET /v1/kv/{space}/watch`: what changes of some keys, or of a range, as server-sent events. Each event is a transaction;
// its id is the version, so a client that comes back with the last id that it has seen misses nothing and sees nothing
// twice. Where what it has missed is gone, it begins anew with a snapshot, which replaces what it has.

import { StreamyError } from '@streamy-db/core'
import type { Kv, KvVersion, KvWatchBatch, KvWatched } from '@streamy-db/kv'
import type { Gateway } from '../gateway.ts'
import { eventStream, eventStreamType, problemEvent } from '../http/event-stream.ts'
import { HttpProblem } from '../http/http-problem.ts'
import type { RouteRequest } from '../http/route-request.ts'
import type { Route } from '../http/route.ts'
import { keyOfParameter } from '../json/key-text.ts'
import { serverLimits } from '../limits.ts'
import { inHeader, inPath, inQuery, problems, type Operation } from '../openapi/operation.ts'
import { spaceOf } from './entry-routes.ts'
import { resultToJson, selectorOf } from './list-routes.ts'

/** The route of watches. */
export function kvWatchRoutes(gateway: Gateway): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/kv/{space}/watch',
      operation,
      access: (request) => ({ right: 'read', space: spaceOf(request) }),
      handle: (request) => watch(gateway, request),
    },
  ]
}

/** Whether a watch cannot go on where it was asked to, and may begin anew. */
export function isBehindHistory(error: unknown): boolean {
  return error instanceof StreamyError && (error.code === 'HISTORY_TRIMMED' || error.code === 'POSITION_UNKNOWN')
}

function watch({ spaces, streams }: Gateway, request: RouteRequest): Response {
  const kv = spaces.get(spaceOf(request))
  const watched = watchedBy(request)
  const from = startOf(request)
  // What cannot be watched is refused now, while there is a status to say it with.
  void kv.watch(watched, from === undefined ? {} : { from }).return?.()
  return eventStream(streams, request, (signal) => events(kv, watched, from, signal))
}

async function* events(
  kv: Kv,
  watched: KvWatched,
  from: KvVersion | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield `retry: ${serverLimits.watchRetryMs}\n\n`
  let last = from
  for (;;) {
    try {
      for await (const batch of kv.watch(watched, { signal, ...(last !== undefined && { from: last }) })) {
        last = batch.version
        yield eventOf(batch)
      }
      return
    } catch (error) {
      if (last === undefined || !isBehindHistory(error)) {
        yield problemEvent(error)
        return
      }
      last = undefined
    }
  }
}

function eventOf({ version, snapshot, entries }: KvWatchBatch): string {
  return `id: ${version}\ndata: ${JSON.stringify({ version, snapshot, entries: entries.map(resultToJson) })}\n\n`
}

function watchedBy(request: RouteRequest): KvWatched {
  const keys = request.parameters('key')
  const selector = selectorOf(request)
  const isRange = Object.keys(selector).length > 0
  if (keys.length === 0) return selector
  if (isRange || keys.length > serverLimits.watchedMax)
    throw new HttpProblem(
      'PARAMETER_INVALID',
      `Give up to ${serverLimits.watchedMax} keys, or one range of prefix, start and end, or nothing for the whole space.`,
    )
  return keys.map(keyOfParameter)
}

// The header is what a client has seen last; the parameter is where it wanted to begin.
function startOf(request: RouteRequest): KvVersion | undefined {
  const last = request.header('last-event-id')
  return last === undefined || last === '' ? request.parameter('from') : last
}

const operation: Operation = {
  operationId: 'watchEntries',
  summary: 'What is there, and then what changes, as server-sent events.',
  description:
    'The data of an event is {"version", "snapshot", "entries"}; an entry that is gone has null for its value and its ' +
    'version. A snapshot replaces what came before it. An event named problem says why the stream ends.',
  tags: ['kv'],
  parameters: [
    inPath('space', 'Name of the space.'),
    inQuery('key', 'A key to watch; may be given several times.', { type: 'array', items: { type: 'string' } }),
    inQuery('prefix', 'Keys that begin with these parts and have more.'),
    inQuery('start', 'The first key.'),
    inQuery('end', 'The first key behind the range.'),
    inQuery('from', 'Goes on behind this version, without a snapshot.'),
    inHeader('Last-Event-ID', 'As from; what browsers send when they come back.'),
  ],
  responses: {
    200: { description: 'Events.', content: { [eventStreamType]: { schema: { type: 'string' } } } },
    ...problems(),
  },
}
