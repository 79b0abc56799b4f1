// Client messages: what workers send to one session, which is a client or, for records, another worker.

import {
  decodeOutcome,
  encodeOutcome,
  MalformedBytes,
  readRef,
  writeRef,
  type ActorRef,
  type ByteReader,
  type ByteWriter,
  type Datum,
  type ErrorData,
  type LogTime,
  type Outcome,
  type Position,
  type Touch,
} from '@streamy-db/core'
import { openMessage, readHead } from './framing.ts'
import { historyMessageKinds, readHistoryMessage, writeHistoryMessage, type HistoryMessage } from './history-message.ts'

/** An actor that a query read, and its version then; undefined when it was absent. */
export interface VersionRead {
  readonly ref: ActorRef
  readonly version: Position | undefined
}

/** The outcome of a request. */
export interface ReplyMessage {
  readonly kind: 'reply'
  readonly sequence: number
  readonly suffix: string
  readonly position: Position
  readonly logTime: LogTime
  /** Whether it took more than one attempt: then asking for its like's footprint first saves attempts (F5). */
  readonly missed: boolean
  readonly outcome: Outcome
}

/** What a query came to; `position` is the end of the batch whose state answered. */
export type QueryMessage =
  | {
      readonly kind: 'answer'
      readonly id: number
      readonly position: Position
      readonly logTime: LogTime
      readonly reads: readonly VersionRead[]
      readonly value: Datum
    }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly position: Position
      readonly logTime: LogTime
      readonly reads: readonly VersionRead[]
      readonly error: ErrorData
    }
  /** The state as of the position that was asked for cannot be read here any more. */
  | { readonly kind: 'snapshotGone'; readonly id: number }

/** What is sent to one session. */
export type ClientMessage =
  | ReplyMessage
  | QueryMessage
  | { readonly kind: 'footprint'; readonly id: number; readonly touches: readonly Touch[] }
  /** `bytes` undefined: the actor was absent. */
  | { readonly kind: 'record'; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** About the past. */
  | HistoryMessage

// A message that answers the question of number `id`.
type NumberedMessage = Exclude<ClientMessage, ReplyMessage>

const kinds = ['reply', 'answer', 'failed', 'snapshotGone', 'footprint', 'record', ...historyMessageKinds] as const

/** Bytes of a message. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  const out = openMessage(kinds.indexOf(message.kind))
  if (message.kind === 'reply') writeReply(out, message)
  else {
    out.varint(message.id)
    writeNumbered(out, message)
  }
  return out.take()
}

/** Reads a message; throws MalformedBytes when the bytes are not one. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  const { reader, kind } = readHead(bytes, kinds)
  const message = kind === 'reply' ? readReply(reader) : readNumbered(reader, kind, reader.varint())
  reader.finish()
  return message
}

function writeReply(out: ByteWriter, reply: ReplyMessage): void {
  out.varint(reply.sequence)
  out.string(reply.suffix)
  out.varint(reply.position)
  out.varint(reply.logTime)
  out.u8(reply.missed ? 1 : 0)
  encodeOutcome(out, reply.outcome)
}

function readReply(reader: ByteReader): ReplyMessage {
  return {
    kind: 'reply',
    sequence: reader.varint(),
    suffix: reader.string(),
    position: reader.varint(),
    logTime: reader.varint(),
    missed: reader.flag(),
    outcome: decodeOutcome(reader),
  }
}

function writeNumbered(out: ByteWriter, message: NumberedMessage): void {
  switch (message.kind) {
    case 'answer':
      writeRead(out, message)
      return out.datum(message.value)
    case 'failed':
      writeRead(out, message)
      return writeError(out, message.error)
    case 'snapshotGone':
      return
    case 'footprint':
      return writeTouches(out, message.touches)
    case 'record':
      out.u8(message.bytes === undefined ? 0 : 1)
      if (message.bytes !== undefined) out.blob(message.bytes)
      return
    default:
      return writeHistoryMessage(out, message)
  }
}

function readNumbered(reader: ByteReader, kind: NumberedMessage['kind'], id: number): NumberedMessage {
  switch (kind) {
    case 'answer':
      return { kind, id, ...readRead(reader), value: reader.datum() }
    case 'failed':
      return { kind, id, ...readRead(reader), error: readError(reader) }
    case 'snapshotGone':
      return { kind, id }
    case 'footprint':
      return { kind, id, touches: reader.list(() => readTouch(reader)) }
    case 'record':
      return { kind, id, bytes: reader.flag() ? reader.copy() : undefined }
    default:
      return readHistoryMessage(reader, kind, id)
  }
}

type Read = Pick<Extract<QueryMessage, { kind: 'answer' }>, 'position' | 'logTime' | 'reads'>

function writeRead(out: ByteWriter, { position, logTime, reads }: Read): void {
  out.varint(position)
  out.varint(logTime)
  out.varint(reads.length)
  for (const { ref, version } of reads) {
    writeRef(out, ref)
    out.varint(version ?? 0)
  }
}

function readRead(reader: ByteReader): Read {
  return { position: reader.varint(), logTime: reader.varint(), reads: reader.list(() => readVersion(reader)) }
}

function readVersion(reader: ByteReader): VersionRead {
  const ref = readRef(reader)
  const version = reader.varint()
  return { ref, version: version === 0 ? undefined : version }
}

// The form of an aborted outcome, whose first operation is number 0.
function writeError(out: ByteWriter, error: ErrorData): void {
  encodeOutcome(out, { kind: 'aborted', operation: 0, error })
}

function readError(reader: ByteReader): ErrorData {
  const outcome = decodeOutcome(reader)
  if (outcome.kind !== 'aborted' || outcome.operation !== 0)
    throw new MalformedBytes('what a query failed with is no error')
  return outcome.error
}

function writeTouches(out: ByteWriter, touches: readonly Touch[]): void {
  out.varint(touches.length)
  for (const { ref, mode } of touches) {
    writeRef(out, ref)
    out.u8(mode === 'write' ? 1 : 0)
  }
}

function readTouch(reader: ByteReader): Touch {
  const ref = readRef(reader)
  return { ref, mode: reader.flag() ? 'write' : 'read' }
}
