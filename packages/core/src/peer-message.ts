// Messages between the workers that take part in one transaction (DESIGN §6). Each goes from one partition to another
// at one position, so it finds its way wherever the partitions live. Lost ones are asked for again, repeats are
// ignored (K6). All but `ask` and `fetch` are kept until a checkpoint covers them, since a peer that replays needs
// them once more.

import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { unreachable } from './errors.ts'
import type { Aborted, Missed } from './outcome.ts'
import type { PartitionId, Position } from './position.ts'
import type { Datum } from './datum.ts'
import { decodeOutcome, encodeOutcome } from './state-format.ts'
import { readRef, writeRef } from './transaction-codec.ts'
import type { ActorRef } from './transaction.ts'

/** One actor's record on its way; `bytes` undefined for an absent or destroyed actor. */
export interface SentRecord {
  readonly ref: ActorRef
  readonly bytes: Uint8Array | undefined
}

/** What a partition thinks of a transaction by votes. */
export type Vote =
  /** All its calls ran; their results, in order. */
  | { readonly kind: 'commit'; readonly results: readonly Datum[] }
  /** The first of its operations that failed. */
  | { readonly kind: 'fail'; readonly failure: Aborted | Missed }
  /** From home only: the entry does not count. */
  | { readonly kind: 'void' }

interface Addressed {
  readonly position: Position
  readonly from: PartitionId
  readonly to: PartitionId
}

/** A message from one partition to another about the transaction at one position. */
export type PeerMessage = Addressed &
  (
    | { readonly kind: 'vote'; readonly vote: Vote }
    /** Participant to home: its actors as of the position. */
    | { readonly kind: 'values'; readonly records: readonly SentRecord[] }
    /** Home to writer: its actors' new records; none of them when the transaction has no effect. */
    | {
        readonly kind: 'result'
        readonly records: readonly SentRecord[]
        /**
         * Exclusive transactions only: the actors that home fetched. The partition keeps their values, since home wants
         * them again when it replays, and may have got them before the partition's worker last restarted.
         */
        readonly fetched?: readonly ActorRef[]
      }
    /** Home to anyone, exclusive transactions only: wants one more actor. */
    | { readonly kind: 'fetch'; readonly ref: ActorRef }
    /** `to` wants again what `from` sent it. Travels the other way: to the owner of `from`. */
    | { readonly kind: 'ask' }
    /** Whoever says so has executed `from` beyond the position and holds nothing for `to` (DESIGN §8). */
    | { readonly kind: 'unheld' }
  )

/** A message that is kept and sent again when asked for. */
export type KeptMessage = Extract<PeerMessage, { kind: 'vote' | 'values' | 'result' }>

/** The partition whose owner a message goes to. */
export function destinationOf(message: PeerMessage): PartitionId {
  return message.kind === 'ask' ? message.from : message.to
}

const kinds = ['vote', 'values', 'result', 'fetch', 'ask', 'unheld'] as const
const votes = ['commit', 'abort', 'miss', 'void'] as const

/** Bytes of a message. */
export function encodePeerMessage(message: PeerMessage): Uint8Array {
  const out = new ByteWriter()
  out.u8(kinds.indexOf(message.kind))
  out.varint(message.position)
  out.varint(message.from)
  out.varint(message.to)
  if (message.kind === 'vote') writeVote(out, message.vote)
  else if (message.kind === 'fetch') writeRef(out, message.ref)
  else if (message.kind === 'values' || message.kind === 'result') writeRecords(out, message.records)
  if (message.kind === 'result') writeRefs(out, message.fetched ?? [])
  return out.take()
}

/** Reads a message; throws MalformedBytes when the bytes are not one. */
export function decodePeerMessage(bytes: Uint8Array): PeerMessage {
  const reader = new ByteReader(bytes)
  const kind = kinds[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('a message has an unknown kind')
  const address = { position: reader.varint(), from: reader.varint(), to: reader.varint() }
  const message = readBody(reader, kind, address)
  reader.finish()
  return message
}

function readBody(reader: ByteReader, kind: PeerMessage['kind'], address: Addressed): PeerMessage {
  switch (kind) {
    case 'vote':
      return { ...address, kind, vote: readVote(reader) }
    case 'fetch':
      return { ...address, kind, ref: readRef(reader) }
    case 'ask':
    case 'unheld':
      return { ...address, kind }
    case 'values':
      return { ...address, kind, records: reader.list(() => readRecord(reader)) }
    case 'result':
      return { ...address, kind, ...readResult(reader) }
    default:
      return unreachable(kind)
  }
}

function readResult(reader: ByteReader): Pick<Extract<PeerMessage, { kind: 'result' }>, 'records' | 'fetched'> {
  const records = reader.list(() => readRecord(reader))
  const fetched = reader.list(() => readRef(reader))
  return fetched.length === 0 ? { records } : { records, fetched }
}

function writeVote(out: ByteWriter, vote: Vote): void {
  const failure = vote.kind === 'fail' ? vote.failure : undefined
  if (vote.kind === 'commit') {
    out.u8(votes.indexOf('commit'))
    out.data(vote.results)
  } else if (failure === undefined) out.u8(votes.indexOf('void'))
  else if (failure.kind === 'aborted') {
    out.u8(votes.indexOf('abort'))
    encodeOutcome(out, failure)
  } else writeMiss(out, failure)
}

function writeMiss(out: ByteWriter, miss: Missed): void {
  out.u8(votes.indexOf('miss'))
  out.varint(miss.operation)
  writeRef(out, miss.ref)
  out.u8(miss.mode === 'write' ? 1 : 0)
}

function readVote(reader: ByteReader): Vote {
  const kind = votes[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('a vote has an unknown kind')
  switch (kind) {
    case 'commit':
      return { kind: 'commit', results: reader.data() }
    case 'abort':
      return { kind: 'fail', failure: readAbort(reader) }
    case 'miss':
      return { kind: 'fail', failure: readMiss(reader) }
    case 'void':
      return { kind: 'void' }
    default:
      return unreachable(kind)
  }
}

function readAbort(reader: ByteReader): Aborted {
  const outcome = decodeOutcome(reader)
  if (outcome.kind !== 'aborted') throw new MalformedBytes('a vote to abort holds no failure')
  return outcome
}

function readMiss(reader: ByteReader): Missed {
  const operation = reader.varint()
  const ref = readRef(reader)
  return { kind: 'missed', operation, ref, mode: reader.flag() ? 'write' : 'read' }
}

function writeRecords(out: ByteWriter, records: readonly SentRecord[]): void {
  out.varint(records.length)
  for (const { ref, bytes } of records) {
    writeRef(out, ref)
    out.u8(bytes === undefined ? 0 : 1)
    if (bytes !== undefined) out.blob(bytes)
  }
}

function writeRefs(out: ByteWriter, refs: readonly ActorRef[]): void {
  out.varint(refs.length)
  for (const ref of refs) writeRef(out, ref)
}

function readRecord(reader: ByteReader): SentRecord {
  const ref = readRef(reader)
  return { ref, bytes: reader.flag() ? reader.copy() : undefined }
}
