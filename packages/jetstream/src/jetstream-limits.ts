// Limits of the cluster's I/O, as `limits.ts` of the core keeps those of the engine: sizes in bytes unless the name says
// otherwise, with what happens when one is reached.

import { assert, limits } from '@streamy-db/core'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** All limits of this package. */
export const jetstreamLimits = {
  /** Headers and subject of one message beside its bytes: room that `max_payload` must leave. */
  messageOverheadBytes: 4 * KIB,
  /** How long one request to the server waits for its answer; then it fails with SERVER_UNAVAILABLE. A new leader does not answer what its predecessor was asked. */
  requestTimeoutMs: 2000,
  /** Requests waiting for their answers on one inbox; more are refused with OVERLOADED. */
  requestsPendingMax: 65_536,
  /** How often overdue requests and appends are looked for. */
  sweepEveryMs: 100,
  /** Messages a publisher has sent and not yet acknowledged; the rest wait. */
  publishesInFlightMax: 256,
  /** Their bytes; the rest wait, but one may always go. */
  publishBytesInFlightMax: 16 * MIB,
  /** Messages waiting in one publisher; more are refused with OVERLOADED. */
  publishesQueuedMax: 65_536,
  /** How long an acknowledgement may take before everything in flight is sent again. */
  acknowledgeTimeoutMs: 5000,
  /** First and longest pause before a publisher sends again. */
  retryDelayMinMs: 50,
  retryDelayMaxMs: 1000,
  /**
   * How long one message is tried; then it fails with SERVER_UNAVAILABLE. Longer than a change of leader, and below the
   * window in which the server knows a repeat.
   */
  publishTimeoutMs: 60_000,
  /** The window in which the server recognises a repeated message by its id. */
  duplicateWindowMs: 120_000,
  /** Pulls a reader has outstanding. */
  pullsMax: 2,
  /** Messages of one pull. */
  pullMessages: 4096,
  /** Bytes of one pull. What is pulled and not yet taken stays below `readerBytesMax`. */
  pullBytes: 4 * MIB,
  /** Bytes that a reader holds or has asked for; it asks for no more until they are taken. */
  readerBytesMax: 16 * MIB,
  /** How often the server says that a pull is still alive. */
  heartbeatMs: 1000,
  /** Heartbeats a reader misses before it takes a new consumer. */
  heartbeatsMissedMax: 2,
  /** How long a pull waits for messages. */
  pullExpiresMs: 20_000,
  /** How long the server keeps a reader's consumer that nobody pulls from. */
  consumerInactiveMs: 30_000,
  /** Entries a reader without a consumer fetches one by one before it tries for a consumer again. */
  directGetsMax: 64,
  /** How long a replicated log may seem shorter than it was before that is taken for the truth: a new leader catches up. */
  divergenceGraceMs: 10_000,
  /** Entries below the last that trimming never removes. */
  trimMargin: 16,
  /** The log's size, unless told otherwise; appends are refused with STORAGE_FULL until it is trimmed. */
  logBytesMax: 4 * GIB,
  /** How long calls are repeated while a cluster comes up or changes its leader; then they fail. */
  availableWithinMs: 30_000,
  /** Bytes of one frame of messages between workers and clients, if the server takes as much. */
  frameBytesMax: 512 * KIB,
  /** Bytes gathered for one subject in one turn of the event loop before they are sent at once. */
  frameBytesBufferedMax: 8 * MIB,
  /** One message between workers or to a client; larger ones are refused with VALUE_TOO_LARGE. */
  framedMessageBytesMax: 256 * MIB,
  /** Bytes of messages that are still coming in in parts; the oldest is dropped, and asked for again. */
  fragmentBytesMax: 512 * MIB,
  /** Messages that are still coming in in parts; the oldest is dropped, and asked for again. */
  fragmentedMessagesMax: 1024,
  /** Bytes of one chunk of a checkpoint. */
  checkpointChunkBytes: 512 * KIB,
  /** Chunks of one checkpoint object that are in flight. */
  checkpointChunksInFlightMax: 8,
  /** The checkpoint store's size, unless told otherwise; puts are refused with STORAGE_FULL until some are deleted. */
  checkpointBytesMax: 64 * GIB,
  /** Chunks that belong to no object are collected when nothing was added to them for this long. */
  orphanAgeMs: 10 * 60_000,
  /** A put that adds nothing for this long gives up, well before its chunks count as orphans. */
  putStalledMs: 5 * 60_000,
} as const

assert(
  limits.entryBytesMax + jetstreamLimits.messageOverheadBytes < jetstreamLimits.pullBytes,
  'the largest entry fits a pull',
)
assert(jetstreamLimits.publishTimeoutMs < jetstreamLimits.duplicateWindowMs, 'a repeat falls in the duplicate window')
assert(jetstreamLimits.pullsMax * jetstreamLimits.pullBytes <= jetstreamLimits.readerBytesMax, 'all pulls fit a reader')
assert(
  limits.actorBytesMax * 4 < jetstreamLimits.framedMessageBytesMax,
  'a message holds several actors at their limit',
)
assert(jetstreamLimits.framedMessageBytesMax < jetstreamLimits.fragmentBytesMax, 'the largest message can come in')
assert(jetstreamLimits.putStalledMs < jetstreamLimits.orphanAgeMs, 'what is being put is no orphan')
