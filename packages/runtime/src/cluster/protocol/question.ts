// Questions: what clients and workers ask the owner of a partition. Nobody is told that a question did not arrive, or
// arrived at somebody who does not own the partition: whoever asks does so again until it is answered.

import {
  decodeTransaction,
  encodeTransaction,
  readCall,
  readRef,
  unreachable,
  writeCall,
  writeRef,
  type ActorRef,
  type ByteReader,
  type ByteWriter,
  type Call,
  type Position,
  type Transaction,
} from '@streamy-db/core'
import { check, openMessage, readHead, readSession } from './framing.ts'
import {
  historyQuestionKinds,
  readHistoryQuestion,
  writeHistoryQuestion,
  type HistoryQuestion,
} from './history-message.ts'
import { protocolLimits } from './protocol-limits.ts'

/** Which state a query may be answered from. */
export type Freshness =
  /** What covers everything that was acknowledged to anyone before the question was asked. */
  | { readonly kind: 'strong' }
  /** What covers this position at least. */
  | { readonly kind: 'since'; readonly position: Position }
  /** The state as of this very position, the end of a batch. */
  | { readonly kind: 'at'; readonly position: Position }

/** A question; `session` says where the answer goes, `id` is the asker's number of the question. */
export type Question =
  /** Asks again for replies that have not come. What is not recorded is not answered. */
  | { readonly kind: 'outcomes'; readonly session: string; readonly sequences: readonly number[] }
  | {
      readonly kind: 'query'
      readonly session: string
      readonly id: number
      readonly call: Call
      readonly freshness: Freshness
    }
  /** What would the transaction touch if it ran now (F5)? */
  | { readonly kind: 'footprint'; readonly session: string; readonly id: number; readonly transaction: Transaction }
  /** A worker's, for a query that reaches an actor of another one: its record as of a position. */
  | {
      readonly kind: 'record'
      readonly session: string
      readonly id: number
      readonly ref: ActorRef
      readonly at: Position
    }
  /** About the past, of the owner of partition 0. */
  | HistoryQuestion

const kinds = ['outcomes', 'query', 'footprint', 'record', ...historyQuestionKinds] as const
const freshnessKinds = ['strong', 'since', 'at'] as const

/** Bytes of a question. */
export function encodeQuestion(question: Question): Uint8Array {
  const out = openMessage(kinds.indexOf(question.kind))
  out.string(question.session)
  if (question.kind !== 'outcomes') out.varint(question.id)
  writeBody(out, question)
  return out.take()
}

/** Reads a question; throws MalformedBytes when the bytes are not one. */
export function decodeQuestion(bytes: Uint8Array): Question {
  const { reader, kind } = readHead(bytes, kinds)
  const session = readSession(reader)
  if (kind !== 'outcomes') return readNumbered(reader, kind, session, reader.varint())
  const sequences = reader.list(() => reader.varint())
  check(sequences.length <= protocolLimits.sequencesPerQuestionMax, 'a question for too many requests')
  reader.finish()
  return { kind, session, sequences }
}

function writeBody(out: ByteWriter, question: Question): void {
  switch (question.kind) {
    case 'outcomes':
      out.varint(question.sequences.length)
      for (const sequence of question.sequences) out.varint(sequence)
      return
    case 'query':
      writeFreshness(out, question.freshness)
      return writeCall(out, question.call)
    case 'footprint':
      return encodeTransaction(out, question.transaction)
    case 'record':
      writeRef(out, question.ref)
      return out.varint(question.at)
    case 'changes':
    case 'present':
    case 'past':
      return writeHistoryQuestion(out, question)
    default:
      return unreachable(question)
  }
}

function readNumbered(
  reader: ByteReader,
  kind: Exclude<Question['kind'], 'outcomes'>,
  session: string,
  id: number,
): Question {
  // It reads to the end by itself.
  if (kind === 'footprint') return { kind, session, id, transaction: decodeTransaction(reader) }
  const question = readShort(reader, kind, session, id)
  reader.finish()
  return question
}

function readShort(
  reader: ByteReader,
  kind: Exclude<Question['kind'], 'outcomes' | 'footprint'>,
  session: string,
  id: number,
): Question {
  if (kind === 'query') return { kind, session, id, freshness: readFreshness(reader), call: readCall(reader) }
  if (kind === 'record') return { kind, session, id, ref: readRef(reader), at: reader.varint() }
  return { session, id, ...readHistoryQuestion(reader, kind) }
}

function writeFreshness(out: ByteWriter, freshness: Freshness): void {
  out.u8(freshnessKinds.indexOf(freshness.kind))
  if (freshness.kind !== 'strong') out.varint(freshness.position)
}

function readFreshness(reader: ByteReader): Freshness {
  const kind = freshnessKinds[reader.u8()]
  check(kind !== undefined, 'an unknown freshness')
  return kind === undefined || kind === 'strong' ? { kind: 'strong' } : { kind, position: reader.varint() }
}
