// The keys and bytes under which state is stored, flushed, checkpointed and hashed. One partition's state is what lies
// under its prefix, so it can be handed over or hashed by itself.
//
//   a<p>/<actor id>                     ActorRecord
//   s<p>/<session>                      SessionRecord
//   r<p>/<session>/<sequence>/<suffix>  RequestRecord: an outcome, or a pending retry
//   o<p>/<position>/<suffix>            OutboxRecord: a tell not yet read back from the log
//   t<p>/<due>/<actor id>               an actor with a timer due then; derived from actors, so not part of the hash
//   m<p>/<position>/<to>/<kind>         a message to another worker, kept until a checkpoint covers it; not hashed
//   meta                                how far the state has come; see Progress
//   view                                the workers and owners as of then; see membership.ts
//   held                                the partitions whose state it holds as of then; others here are stale
//
// `<p>` is the partition in four hex digits. Positions and times are fixed-width hex, so that keys sort by them.

import { createHash } from 'node:crypto'
import type { ActorRecord, Timer } from './actor-record.ts'
import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import type { Outcome } from './outcome.ts'
import type { LogTime, PartitionId, Position, Sequence } from './position.ts'
import type { Program } from './program.ts'
import { decodeTransaction, encodeTransaction } from './transaction-codec.ts'
import type { ActorRef, Request, Transaction } from './transaction.ts'

/** First letters of the keys; `hashed` lists those whose entries are replicated state. */
export const keyPrefixes = {
  actor: 'a',
  session: 's',
  request: 'r',
  outbox: 'o',
  timer: 't',
  message: 'm',
  hashed: ['a', 's', 'r', 'o'],
} as const

/** The version of everything a state store holds; it stands in the Progress entry. */
export const stateVersion = 2

/** Key of the one Progress entry of a store. */
export const progressKey = 'meta'

/** Key of the partitions whose state belongs to it. What lies under the prefixes of others is stale. */
export const heldKey = 'held'

/** Bytes of the partitions that a store holds. */
export function encodeHeld(partitions: readonly PartitionId[]): Uint8Array {
  const out = new ByteWriter()
  out.varint(partitions.length)
  for (const partition of partitions) out.varint(partition)
  return out.take()
}

/** Reads what {@link encodeHeld} wrote. */
export function decodeHeld(bytes: Uint8Array): PartitionId[] {
  const reader = new ByteReader(bytes)
  const partitions = reader.list(() => reader.varint())
  reader.finish()
  return partitions
}

/** Key of the view that belongs to it. */
export const viewKey = 'view'

/** How far a state has come. */
export interface Progress {
  /** The last batch whose effects, and only whose effects and those before, the state holds. */
  readonly sequence: Sequence
  readonly logTime: LogTime
  /** crc32 of that batch's bytes: a different log shows (L6). */
  readonly logHash: number
}

/** What home knows of one session. */
export interface SessionRecord {
  /** Position of the entry that began it; a session that expired and comes back begins anew. */
  readonly generation: Position
  /** Log time of its last entry. */
  readonly lastSeen: LogTime
  readonly answeredBelow: number
}

/** What home knows of one request. */
export type RequestRecord =
  | {
      readonly kind: 'done'
      readonly generation: Position
      /** Of the entry that counted; undefined where a state of version 1 recorded it. */
      readonly position: Position | undefined
      readonly outcome: Outcome
    }
  | { readonly kind: 'retry'; readonly generation: Position; readonly next: Transaction }

/** A tell on its way into the log; `next` is the transaction to append, without `answeredBelow`. */
export interface OutboxRecord {
  readonly next: Transaction
}

/** A number in fixed-width hex: keys sort by it. */
export function sortableNumber(value: number): string {
  return value.toString(16).padStart(14, '0')
}

/** The prefix of one kind of entry of one partition. */
export function partitionPrefix(kind: string, partition: PartitionId): string {
  let prefixes = prefixesByKind.get(kind)
  if (prefixes === undefined) prefixesByKind.set(kind, (prefixes = []))
  return (prefixes[partition] ??= `${kind}${partition.toString(16).padStart(4, '0')}/`)
}

// Several are wanted for each request.
const prefixesByKind = new Map<string, string[]>()

/** The prefixes under which everything of one partition is stored. */
export function partitionPrefixes(partition: PartitionId): string[] {
  const { actor, session, request, outbox, timer, message } = keyPrefixes
  return [actor, session, request, outbox, timer, message].map((kind) => partitionPrefix(kind, partition))
}

/** Identity of a request within its home: `<session>/<sequence>/<suffix>`. */
export function requestKey(request: Pick<Request, 'session' | 'sequence' | 'suffix'>): string {
  return `${request.session}/${sortableNumber(request.sequence)}/${request.suffix}`
}

/** Bytes of an actor's record. */
export function encodeActorRecord(program: Program, ref: ActorRef, record: ActorRecord): Uint8Array {
  const out = new ByteWriter()
  out.varint(record.version)
  out.varint(record.timers.length)
  for (const timer of record.timers) writeTimer(out, timer)
  out.bytes(program.encodeValue(ref, record.value))
  return out.take()
}

/** Reads what {@link encodeActorRecord} wrote. */
export function decodeActorRecord(program: Program, ref: ActorRef, bytes: Uint8Array): ActorRecord {
  const reader = new ByteReader(bytes)
  const version = reader.varint()
  const timers = reader.list(() => readTimer(reader))
  return { version, timers, value: program.decodeValue(ref, bytes.subarray(reader.offset)) }
}

function writeTimer(out: ByteWriter, timer: Timer): void {
  out.varint(timer.position)
  out.varint(timer.ordinal)
  out.varint(timer.due)
  out.string(timer.message)
  out.data(timer.args)
}

function readTimer(reader: ByteReader): Timer {
  return {
    position: reader.varint(),
    ordinal: reader.varint(),
    due: reader.varint(),
    message: reader.string(),
    args: reader.data(),
  }
}

/** Bytes of how far a state has come; they open with the version of all that the state holds. */
export function encodeProgress(progress: Progress): Uint8Array {
  const out = new ByteWriter()
  out.u8(stateVersion)
  out.varint(progress.sequence)
  out.varint(progress.logTime)
  out.u32(progress.logHash)
  return out.take()
}

/** Reads what {@link encodeProgress} wrote. Throws FORMAT_UNKNOWN for a state of another version. */
export function decodeProgress(bytes: Uint8Array): Progress {
  const reader = new ByteReader(bytes)
  checkVersion(reader.u8())
  const progress = { sequence: reader.varint(), logTime: reader.varint(), logHash: reader.u32() }
  reader.finish()
  return progress
}

function checkVersion(version: number): void {
  // Of version 1 all can be read: it did not record at which position a request had its outcome.
  if (version === stateVersion || version === 1) return
  throw new StreamyError(
    'FORMAT_UNKNOWN',
    `The state has format version ${version}; this is version ${stateVersion}. Run a release of Streamy that knows it.`,
  )
}

export function encodeSession(record: SessionRecord): Uint8Array {
  const out = new ByteWriter()
  out.varint(record.generation)
  out.varint(record.lastSeen)
  out.varint(record.answeredBelow)
  return out.take()
}

export function decodeSession(bytes: Uint8Array): SessionRecord {
  const reader = new ByteReader(bytes)
  const record = { generation: reader.varint(), lastSeen: reader.varint(), answeredBelow: reader.varint() }
  reader.finish()
  return record
}

export function encodeRequestRecord(record: RequestRecord): Uint8Array {
  const out = new ByteWriter()
  writeRequestRecord(out, record)
  return out.take()
}

export function writeRequestRecord(out: ByteWriter, record: RequestRecord): void {
  out.u8(recordKindOf(record))
  out.varint(record.generation)
  if (record.kind === 'retry') return encodeTransaction(out, record.next)
  if (record.position !== undefined) out.varint(record.position)
  encodeOutcome(out, record.outcome)
}

export function decodeRequestRecord(bytes: Uint8Array): RequestRecord {
  const reader = new ByteReader(bytes)
  const kind = reader.u8()
  if (kind > recordKinds.done) throw new MalformedBytes('a record of a request of an unknown kind')
  const generation = reader.varint()
  if (kind === recordKinds.retry) return { kind: 'retry', generation, next: decodeTransaction(reader) }
  const position = kind === recordKinds.done ? reader.varint() : undefined
  const outcome = decodeOutcome(reader)
  reader.finish()
  return { kind: 'done', generation, position, outcome }
}

// The first byte of a record; arenas look at it too.
const recordKinds = { doneSomewhere: 0, retry: 1, done: 2 } as const

function recordKindOf(record: RequestRecord): number {
  if (record.kind === 'retry') return recordKinds.retry
  return record.position === undefined ? recordKinds.doneSomewhere : recordKinds.done
}

export function encodeOutboxRecord(record: OutboxRecord): Uint8Array {
  const out = new ByteWriter()
  encodeTransaction(out, record.next)
  return out.take()
}

export function decodeOutboxRecord(bytes: Uint8Array): OutboxRecord {
  return { next: decodeTransaction(new ByteReader(bytes)) }
}

export function encodeOutcome(out: ByteWriter, outcome: Outcome): void {
  if (outcome.kind === 'committed') {
    out.u8(0)
    out.data(outcome.results)
    return
  }
  out.u8(1)
  out.varint(outcome.operation)
  out.string(outcome.error.name)
  out.datum(outcome.error.code)
  out.string(outcome.error.message)
  out.datum(outcome.error.data)
}

export function decodeOutcome(reader: ByteReader): Outcome {
  if (!reader.flag()) return { kind: 'committed', results: reader.data() }
  const operation = reader.varint()
  const name = reader.string()
  const code = reader.datum()
  const message = reader.string()
  const data = reader.datum()
  if (code !== undefined && typeof code !== 'string') throw new MalformedBytes('the code of an error is not text')
  const error = code === undefined ? { name, message, data } : { name, code, message, data }
  return { kind: 'aborted', operation, error }
}

/** Gathers the hash of one partition's state, entry by entry, in any order. */
export class StateHash {
  #sum = 0n

  add(key: string, value: Uint8Array): void {
    const digest = createHash('sha256').update(key).update('\0').update(value).digest()
    this.#sum = BigInt.asUintN(128, this.#sum + digest.readBigUInt64LE(0) + (digest.readBigUInt64LE(8) << 64n))
  }

  /** 32 hex digits: the sum of the entries' digests, with the log time. */
  digest(logTime: LogTime): string {
    return `${this.#sum.toString(16).padStart(32, '0')}@${logTime}`
  }
}
