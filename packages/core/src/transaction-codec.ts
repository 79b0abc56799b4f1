// The binary form of one transaction, in log entries, outboxes and pending retries. Decoding is strict: what breaks
// a limit or is not exactly what encoding would produce is void, and every worker finds the same (DESIGN §3).

import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import { actorRef } from './transaction.ts'
import type { ActorRef, Assert, Call, Request, Touch, Transaction } from './transaction.ts'

const flags = { request: 1, retry: 2, source: 4, asserts: 8, touches: 16 } as const
const allFlags = 31

/** Appends the transaction to `out`. */
export function encodeTransaction(out: ByteWriter, transaction: Transaction): void {
  out.u8(flagsOf(transaction))
  if (transaction.request !== undefined) writeRequest(out, transaction.request)
  if (transaction.attempt > 1) out.varint(transaction.attempt)
  if (transaction.source !== undefined) out.varint(transaction.source)
  if (transaction.asserts.length > 0) writeAsserts(out, transaction.asserts)
  if (transaction.touches.length > 0) writeTouches(out, transaction.touches)
  out.varint(transaction.calls.length)
  for (const call of transaction.calls) writeCall(out, call)
}

const scratch = new ByteWriter()

/** How many bytes the transaction takes in a log entry. */
export function transactionBytes(transaction: Transaction): number {
  scratch.reset()
  encodeTransaction(scratch, transaction)
  return scratch.length
}

/** Throws VALUE_TOO_LARGE for what is too large to be submitted; `what` names it. */
export function assertSubmittable(bytes: number, what: string): void {
  if (bytes <= limits.requestBytesMax) return
  throw new StreamyError(
    'VALUE_TOO_LARGE',
    `${what} has ${bytes} bytes, above the limit of ${limits.requestBytesMax}. Split it.`,
  )
}

/** Reads a transaction that fills `reader` to its end. Throws {@link MalformedBytes} when it is void. */
export function decodeTransaction(reader: ByteReader): Transaction {
  const flag = reader.u8()
  check((flag & ~allFlags) === 0, 'unknown flags')
  const request = flag & flags.request ? readRequest(reader) : undefined
  const attempt = flag & flags.retry ? reader.varint() : 1
  check(attempt <= limits.exclusiveAttempt && attempt > (flag & flags.retry ? 1 : 0), 'an attempt out of range')
  const source = flag & flags.source ? reader.varint() : undefined
  const asserts = flag & flags.asserts ? reader.list(() => readAssert(reader)) : []
  check(asserts.length > 0 || !(flag & flags.asserts), 'a list of no asserts')
  check(asserts.length <= limits.assertsPerTransactionMax, 'too many asserts')
  const touches = flag & flags.touches ? reader.list(() => readTouch(reader)) : []
  check(touches.length > 0 || !(flag & flags.touches), 'a list of no touches')
  // Retries may exceed the limit of declared touches by what they missed.
  check(touches.length <= limits.touchesPerTransactionMax + limits.exclusiveAttempt, 'too many touches')
  const calls = reader.list(() => readCall(reader))
  check(calls.length >= 1 && calls.length <= limits.callsPerTransactionMax, 'no calls, or too many')
  reader.finish()
  return { request, attempt, source, asserts, calls, touches }
}

function flagsOf(transaction: Transaction): number {
  return (
    (transaction.request === undefined ? 0 : flags.request) |
    (transaction.attempt === 1 ? 0 : flags.retry) |
    (transaction.source === undefined ? 0 : flags.source) |
    (transaction.asserts.length === 0 ? 0 : flags.asserts) |
    (transaction.touches.length === 0 ? 0 : flags.touches)
  )
}

function writeRequest(out: ByteWriter, request: Request): void {
  out.string(request.session)
  out.varint(request.sequence)
  out.string(request.suffix)
  out.varint(request.answeredBelow)
  out.varint(request.seenTime)
}

function readRequest(reader: ByteReader): Request {
  const session = readName(reader)
  check(!session.includes('/'), 'a session name with a slash')
  const sequence = reader.varint()
  const suffix = reader.string()
  check(fits(suffix, limits.suffixBytesMax) && !suffix.includes('\0'), 'a request suffix that is too long')
  return { session, sequence, suffix, answeredBelow: reader.varint(), seenTime: reader.varint() }
}

function writeAsserts(out: ByteWriter, asserts: readonly Assert[]): void {
  out.varint(asserts.length)
  for (const { ref, version } of asserts) {
    writeRef(out, ref)
    out.varint(version ?? 0)
  }
}

function readAssert(reader: ByteReader): Assert {
  const ref = readRef(reader)
  const version = reader.varint()
  return { ref, version: version === 0 ? undefined : version }
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

/** Appends the call to `out`. */
export function writeCall(out: ByteWriter, call: Call): void {
  writeRef(out, call.ref)
  out.string(call.message)
  out.data(call.args)
}

/** Reads a call; throws {@link MalformedBytes} for names and keys over their limits. */
export function readCall(reader: ByteReader): Call {
  const ref = readRef(reader)
  const message = readName(reader)
  return { ref, message, args: reader.data() }
}

/** Appends the reference to `out`. */
export function writeRef(out: ByteWriter, ref: ActorRef): void {
  out.string(ref.type)
  out.string(ref.key)
}

/** Reads a reference; throws {@link MalformedBytes} for names and keys over their limits. */
export function readRef(reader: ByteReader): ActorRef {
  const type = readName(reader)
  check(!type.includes('/'), 'a type name with a slash')
  const key = reader.string()
  check(key.length > 0 && fits(key, limits.keyBytesMax), 'an empty or too long key')
  check(!key.includes('\0'), 'a key with a NUL')
  return actorRef(type, key)
}

function readName(reader: ByteReader): string {
  const name = reader.string()
  check(name.length > 0 && fits(name, limits.nameBytesMax) && !name.includes('\0'), 'an empty or too long name')
  return name
}

function fits(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new MalformedBytes(what)
}
