// Server-sent events as watches send them: the answer that holds them, and the event that says why they end.

import type { OpenStreams } from './open-streams.ts'
import { problemOf } from './problem-response.ts'
import type { RouteRequest } from './route-request.ts'

/** The type of such answers. */
export const eventStreamType = 'text/event-stream'

/** Answers with events, until they end or the client goes away; a comment between them keeps the connection. */
export function eventStream(
  streams: OpenStreams,
  request: RouteRequest,
  events: (signal: AbortSignal) => AsyncIterable<string>,
): Response {
  return streams.respond({
    chunks: events,
    heartbeat: ':\n\n',
    headers: { 'content-type': eventStreamType, 'x-accel-buffering': 'no' },
    signal: request.signal,
  })
}

/** The last event of a stream that goes wrong. */
export function problemEvent(error: unknown): string {
  return `event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`
}
