// Limits of the gateway, with what happens when they are reached. What a request asks of the database is bounded by the
// limits of the core and of the key-value layer besides.

import { assert, limits } from '@streamy-db/core'
import { kvLimits } from '@streamy-db/kv'

const KIB = 1024
const SECOND = 1000
const MINUTE = 60 * SECOND

/** All limits of the gateway; sizes in bytes unless the name says otherwise. */
export const serverLimits = {
  /** Body of a request; refused with 413, and its connection is closed without reading on. */
  bodyBytesMax: 1024 * KIB,
  /** All headers of a request; refused with 431. */
  headerBytesMax: 16 * KIB,
  /** Path and query of a request; refused with 414. */
  targetBytesMax: 12 * KIB,
  /** Time for the headers to arrive, from the first byte of the connection or the end of the request before; 408. */
  headersWithinMs: 10 * SECOND,
  /** Time for all of a request to arrive; answered with 408, and its connection is closed. */
  requestWithinMs: 30 * SECOND,
  /** How long an idle connection is kept open. */
  keepAliveMs: 65 * SECOND,
  /** Connections; one more is closed at once. */
  connectionsMax: 10_000,
  /** Requests of one HTTP/2 connection at a time; the client is told, and waits. */
  requestsPerConnectionMax: 128,
  /** Bytes that one HTTP/2 connection may make the server hold, in megabytes; further streams are refused. */
  http2SessionMemoryMb: 16,
  /** Requests without an answer; one more is refused with 503 and Retry-After. */
  requestsInFlightMax: 4096,
  /** Open streams of events, lists and watches; one more is refused with 503 and Retry-After. */
  streamsMax: 1024,
  /** How long a client of a stream of events is told to wait before it comes back. */
  watchRetryMs: 1 * SECOND,
  /** Silence after which a stream of events is sent a comment, so that nobody on the way takes it for dead. */
  streamHeartbeatMs: 15 * SECOND,
  /** Time for a client to take what a stream has sent before the stream is ended. */
  streamStalledMs: 60 * SECOND,
  /** Entries of one page of a list; a larger limit is refused with 400. */
  pageEntriesMax: 1000,
  /** Entries of one page of a list when no limit is given. */
  pageEntriesDefault: 100,
  /** Encoded values of one page of a list; it ends early, with a cursor. */
  pageBytesMax: 4 * 1024 * KIB,
  /** Keys of one read of several; refused with 400. */
  keysPerReadMax: 500,
  /** Keys or ranges of one watch; refused with 400. */
  watchedMax: 64,
  /** Nesting of JSON in a body; refused with 400. */
  jsonDepthMax: limits.valueDepthMax + 16,
  /** Characters of an idempotency key; refused with 400. */
  idempotencyKeyLengthMax: 255,
  /** How long an idempotency key is remembered, in log time; later it is a new one. */
  idempotencyKeyKeptMs: 60 * MINUTE,
  /** Tokens of one server; refused when it starts. */
  tokensMax: 10_000,
  /** Documents in one answer of a query; the cursor goes on behind them. */
  documentsPerAnswerMax: 1000,
  /** Spaces whose clients are kept at hand, with what routing has taught them; the oldest is forgotten. */
  spacesKeptMax: 1024,
  /** Tries of a conditional write whose entry changes under it; then 503 and Retry-After. */
  conditionalWriteTriesMax: 16,
  /** Time for requests to end when the server closes; then their connections are closed. */
  closeWithinMs: 10 * SECOND,
} as const

/** Limits that KV Connect states; refused with 400. */
export const kvConnectLimits = {
  keyBytesMax: 2048,
  valueBytesMax: 64 * KIB,
  rangesPerReadMax: 10,
  entriesPerReadMax: 1000,
  checksPerWriteMax: 10,
  mutationsPerWriteMax: 1000,
  writeBytesMax: 819_200,
  watchedKeysMax: 10,
  /** How long the answer of a metadata exchange holds. */
  metadataValidMs: 60 * MINUTE,
} as const

assert(
  serverLimits.bodyBytesMax > 4 * kvLimits.valueBytesMax * 0.75,
  'a value at its limit fits a body, also in base64',
)
assert(serverLimits.bodyBytesMax > kvConnectLimits.writeBytesMax, 'a write of KV Connect fits a body')
assert(serverLimits.targetBytesMax > 4 * kvLimits.keyBytesMax, 'most keys fit a path, also percent-encoded')
assert(serverLimits.headerBytesMax > serverLimits.targetBytesMax, 'a path at its limit fits the head of a request')
assert(
  serverLimits.idempotencyKeyKeptMs * 1000 > limits.sessionRetentionUs,
  'a key is remembered longer than its outcome, so it never runs again in between',
)
