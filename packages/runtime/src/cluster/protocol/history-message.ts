// History messages: what clients ask of a database's past, and what they are answered. A question is answered within
// `protocolLimits.historyWaitUs`, if only with `wait`; then it is asked anew.

import {
  decodeOutcome,
  encodeOutcome,
  MalformedBytes,
  readCall,
  readRef,
  unreachable,
  writeCall,
  writeRef,
  type ActorRef,
  type ByteReader,
  type ByteWriter,
  type Call,
  type Datum,
  type ErrorData,
  type LogTime,
  type Position,
} from '@streamy-db/core'
import { check } from './framing.ts'

/** Which state is asked for: as of a position, or of a moment of log time, in microseconds. */
export type AskedMoment =
  | { readonly kind: 'position'; readonly position: Position }
  | { readonly kind: 'time'; readonly timeUs: number }

/** What is asked. `types` undefined stands for all that belong to no layer. */
export type HistoryQuestionBody =
  /** What was committed behind a position? */
  | { readonly kind: 'changes'; readonly types: readonly string[] | undefined; readonly from: Position }
  /** What is there now, or from a place on in a listing that was begun? */
  | {
      readonly kind: 'present'
      readonly types: readonly string[] | undefined
      /** What is there covers this position. */
      readonly since: Position
      readonly listing: { readonly position: Position; readonly next: number } | undefined
    }
  /** Which moment is it, and what does a query say of it? */
  | { readonly kind: 'past'; readonly moment: AskedMoment; readonly call: Call | undefined }

/** A question about the past; `session` says where the answer goes, `id` is the asker's number of the question. */
export type HistoryQuestion = HistoryQuestionBody & { readonly session: string; readonly id: number }

/** A committed write in bytes; undefined stands for an actor that is absent. */
export interface CommitMessage {
  readonly position: Position
  readonly logTime: LogTime
  readonly ref: ActorRef
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array | undefined
}

/** An answer. */
export type HistoryMessage =
  /** All there is behind the question's position, up to `upTo`. */
  | {
      readonly kind: 'changes'
      readonly id: number
      readonly upTo: Position
      readonly merged: boolean
      readonly commits: readonly CommitMessage[]
    }
  /** Some of what is there as of `position`; `next` says where the rest begins. */
  | {
      readonly kind: 'present'
      readonly id: number
      readonly position: Position
      readonly next: number | undefined
      readonly commits: readonly CommitMessage[]
    }
  | {
      readonly kind: 'past'
      readonly id: number
      readonly position: Position
      readonly logTime: LogTime
      readonly value: Datum
    }
  /** Not yet: ask again. */
  | { readonly kind: 'wait'; readonly id: number }
  /** It lies further back than what is kept, which begins at `oldest`. */
  | { readonly kind: 'trimmed'; readonly id: number; readonly oldest: Position }
  | { readonly kind: 'refused'; readonly id: number; readonly error: ErrorData }

/** The kinds of {@link HistoryQuestionBody}. */
export const historyQuestionKinds = ['changes', 'present', 'past'] as const

/** The kinds of {@link HistoryMessage}. */
export const historyMessageKinds = ['changes', 'present', 'past', 'wait', 'trimmed', 'refused'] as const

/** Writes what is asked. */
export function writeHistoryQuestion(out: ByteWriter, question: HistoryQuestionBody): void {
  switch (question.kind) {
    case 'changes':
      writeTypes(out, question.types)
      return out.varint(question.from)
    case 'present':
      writeTypes(out, question.types)
      out.varint(question.since)
      out.u8(question.listing === undefined ? 0 : 1)
      if (question.listing === undefined) return
      out.varint(question.listing.position)
      return out.varint(question.listing.next)
    case 'past':
      out.u8(question.moment.kind === 'position' ? 0 : 1)
      out.varint(question.moment.kind === 'position' ? question.moment.position : question.moment.timeUs)
      out.u8(question.call === undefined ? 0 : 1)
      if (question.call !== undefined) writeCall(out, question.call)
      return
    default:
      return unreachable(question)
  }
}

/** Reads what {@link writeHistoryQuestion} wrote. */
export function readHistoryQuestion(reader: ByteReader, kind: HistoryQuestionBody['kind']): HistoryQuestionBody {
  switch (kind) {
    case 'changes':
      return { kind, types: readTypes(reader), from: reader.varint() }
    case 'present': {
      const [types, since] = [readTypes(reader), reader.varint()]
      const listing = reader.flag() ? { position: reader.varint(), next: reader.varint() } : undefined
      return { kind, types, since, listing }
    }
    case 'past': {
      const isTime = reader.flag()
      const at = reader.varint()
      const moment = isTime ? { kind: 'time' as const, timeUs: at } : { kind: 'position' as const, position: at }
      return { kind, moment, call: reader.flag() ? readCall(reader) : undefined }
    }
    default:
      return unreachable(kind)
  }
}

/** Writes an answer, without its kind and number. */
export function writeHistoryMessage(out: ByteWriter, message: HistoryMessage): void {
  switch (message.kind) {
    case 'changes':
      out.varint(message.upTo)
      out.u8(message.merged ? 1 : 0)
      return writeCommits(out, message.commits)
    case 'present':
      out.varint(message.position)
      out.varint(message.next ?? 0)
      return writeCommits(out, message.commits)
    case 'past':
      out.varint(message.position)
      out.varint(message.logTime)
      return out.datum(message.value)
    case 'wait':
      return
    case 'trimmed':
      return out.varint(message.oldest)
    case 'refused':
      // The form of an aborted outcome, whose first operation is number 0.
      return encodeOutcome(out, { kind: 'aborted', operation: 0, error: message.error })
    default:
      return unreachable(message)
  }
}

/** Reads what {@link writeHistoryMessage} wrote. */
export function readHistoryMessage(reader: ByteReader, kind: HistoryMessage['kind'], id: number): HistoryMessage {
  switch (kind) {
    case 'changes':
      return { kind, id, upTo: reader.varint(), merged: reader.flag(), commits: readCommits(reader) }
    case 'present': {
      const [position, next] = [reader.varint(), reader.varint()]
      return { kind, id, position, next: next === 0 ? undefined : next, commits: readCommits(reader) }
    }
    case 'past':
      return { kind, id, position: reader.varint(), logTime: reader.varint(), value: reader.datum() }
    case 'wait':
      return { kind, id }
    case 'trimmed':
      return { kind, id, oldest: reader.varint() }
    case 'refused': {
      const outcome = decodeOutcome(reader)
      if (outcome.kind !== 'aborted' || outcome.operation !== 0)
        throw new MalformedBytes('what a question was refused with is no error')
      return { kind, id, error: outcome.error }
    }
    default:
      return unreachable(kind)
  }
}

const TYPES_MAX = 65_536

function writeTypes(out: ByteWriter, types: readonly string[] | undefined): void {
  out.u8(types === undefined ? 0 : 1)
  if (types === undefined) return
  out.varint(types.length)
  for (const type of types) out.string(type)
}

function readTypes(reader: ByteReader): readonly string[] | undefined {
  if (!reader.flag()) return undefined
  const types = reader.list(() => reader.string())
  check(types.length <= TYPES_MAX, 'a question for too many types')
  return types
}

function writeCommits(out: ByteWriter, commits: readonly CommitMessage[]): void {
  out.varint(commits.length)
  for (const { position, logTime, ref, before, after } of commits) {
    out.varint(position)
    out.varint(logTime)
    writeRef(out, ref)
    writeRecord(out, before)
    writeRecord(out, after)
  }
}

function readCommits(reader: ByteReader): readonly CommitMessage[] {
  return reader.list(() => ({
    position: reader.varint(),
    logTime: reader.varint(),
    ref: readRef(reader),
    before: readRecord(reader),
    after: readRecord(reader),
  }))
}

function writeRecord(out: ByteWriter, bytes: Uint8Array | undefined): void {
  out.u8(bytes === undefined ? 0 : 1)
  if (bytes !== undefined) out.blob(bytes)
}

function readRecord(reader: ByteReader): Uint8Array | undefined {
  return reader.flag() ? reader.copy() : undefined
}
