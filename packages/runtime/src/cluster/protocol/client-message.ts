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

/** The outcome of a request of the session that it is sent to. */
export interface RequestReply {
  readonly sequence: number
  readonly position: Position
  /** Whether it took more than one attempt: then asking for its like's footprint first saves attempts (F5). */
  readonly missed: boolean
  readonly outcome: Outcome
}

/** Outcomes that became known together. They are many where much is going on, so they share what they can. */
export interface RepliesMessage {
  readonly kind: 'replies'
  readonly logTime: LogTime
  /** One at least. */
  readonly replies: readonly RequestReply[]
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
  | RepliesMessage
  | QueryMessage
  | { readonly kind: 'footprint'; readonly id: number; readonly touches: readonly Touch[] }
  /** `bytes` undefined: the actor was absent. */
  | { readonly kind: 'record'; readonly id: number; readonly bytes: Uint8Array | undefined }
  /** About the past. */
  | HistoryMessage

// A message that answers the question of number `id`.
type NumberedMessage = Exclude<ClientMessage, RepliesMessage>

const kinds = ['replies', 'answer', 'failed', 'snapshotGone', 'footprint', 'record', ...historyMessageKinds] as const

/** Bytes of a message. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  if (message.kind === 'replies') {
    const out = openReplies(message.logTime)
    for (const { sequence, position, missed, outcome } of message.replies)
      writeReply(out, sequence, position, missed, outcome)
    return out.take()
  }
  const out = openMessage(kinds.indexOf(message.kind))
  out.varint(message.id)
  writeNumbered(out, message)
  return out.take()
}

/** A writer that holds the head of replies; {@link writeReply} adds one after the other. */
export function openReplies(logTime: LogTime): ByteWriter {
  const out = openMessage(kinds.indexOf('replies'))
  out.varint(logTime)
  return out
}

/** Adds one reply. Its parts come one by one so that no object need be made of them. */
export function writeReply(
  out: ByteWriter,
  sequence: number,
  position: Position,
  missed: boolean,
  outcome: Outcome,
): void {
  out.varint(sequence)
  out.varint(position)
  out.u8(missed ? 1 : 0)
  encodeOutcome(out, outcome)
}

/** Reads a message; throws MalformedBytes when the bytes are not one. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  const { reader, kind } = readHead(bytes, kinds)
  const message = kind === 'replies' ? readReplies(reader) : readNumbered(reader, kind, reader.varint())
  reader.finish()
  return message
}

function readReplies(reader: ByteReader): RepliesMessage {
  const logTime = reader.varint()
  const replies: RequestReply[] = []
  do replies.push(readReply(reader))
  while (reader.remaining > 0)
  return { kind: 'replies', logTime, replies }
}

function readReply(reader: ByteReader): RequestReply {
  return {
    sequence: reader.varint(),
    position: reader.varint(),
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
