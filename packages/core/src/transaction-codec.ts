// The binary form of one transaction, in log entries, outboxes and pending retries. Decoding is strict: what breaks
// a limit or is not exactly what encoding would produce is void, and every worker finds the same (DESIGN §3). In an entry
// names and the heads of requests are numbers of what stands in front of it (shared-names.ts).

import { ByteReader, MalformedBytes } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import { checkedName } from './shared-names.ts'
import type { SharedNames, SharedNamesWriter } from './shared-names.ts'
import { actorRef } from './transaction.ts'
import type { ActorRef, Assert, Call, Request, Touch, Transaction } from './transaction.ts'

const flags = { request: 1, retry: 2, source: 4, asserts: 8, touches: 16 } as const
const allFlags = 31

/** Appends the transaction to `out`; with `shared`, as a part of an entry. */
export function encodeTransaction(out: ByteWriter, transaction: Transaction, shared?: SharedNamesWriter): void {
  out.u8(flagsOf(transaction))
  if (transaction.request !== undefined) writeRequest(out, transaction.request, shared)
  if (transaction.attempt > 1) out.varint(transaction.attempt)
  if (transaction.source !== undefined) out.varint(transaction.source)
  if (transaction.asserts.length > 0) writeAsserts(out, transaction.asserts, shared)
  if (transaction.touches.length > 0) writeTouches(out, transaction.touches, shared)
  out.varint(transaction.calls.length)
  for (const call of transaction.calls) writeCall(out, call, shared)
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
export function decodeTransaction(reader: ByteReader, shared?: SharedNames): Transaction {
  const flag = reader.u8()
  check((flag & ~allFlags) === 0, 'unknown flags')
  const request = flag & flags.request ? readRequest(reader, shared) : undefined
  const attempt = flag & flags.retry ? reader.varint() : 1
  check(attempt <= limits.exclusiveAttempt && attempt > (flag & flags.retry ? 1 : 0), 'an attempt out of range')
  const source = flag & flags.source ? reader.varint() : undefined
  const asserts = flag & flags.asserts ? reader.list(() => readAssert(reader, shared)) : []
  check(asserts.length > 0 || !(flag & flags.asserts), 'a list of no asserts')
  check(asserts.length <= limits.assertsPerTransactionMax, 'too many asserts')
  const touches = flag & flags.touches ? reader.list(() => readTouch(reader, shared)) : []
  check(touches.length > 0 || !(flag & flags.touches), 'a list of no touches')
  // Retries may exceed the limit of declared touches by what they missed.
  check(touches.length <= limits.touchesPerTransactionMax + limits.exclusiveAttempt, 'too many touches')
  const calls = readCalls(reader, shared)
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

function writeRequest(out: ByteWriter, request: Request, shared: SharedNamesWriter | undefined): void {
  if (shared === undefined) out.string(request.session)
  else out.varint(shared.head(request))
  out.varint(request.sequence)
  out.string(request.suffix)
  if (shared !== undefined) return
  out.varint(request.answeredBelow)
  out.varint(request.seenTime)
}

function readRequest(reader: ByteReader, shared: SharedNames | undefined): Request {
  const head = shared?.head(reader.varint())
  const session = checkedName(head === undefined ? reader.string() : head.session)
  check(!session.includes('/'), 'a session name with a slash')
  const sequence = reader.varint()
  const suffix = reader.string()
  check(fits(suffix, limits.suffixBytesMax) && !suffix.includes('\0'), 'a request suffix that is too long')
  const { answeredBelow, seenTime } = head ?? { answeredBelow: reader.varint(), seenTime: reader.varint() }
  return { session, sequence, suffix, answeredBelow, seenTime }
}

function writeAsserts(out: ByteWriter, asserts: readonly Assert[], shared: SharedNamesWriter | undefined): void {
  out.varint(asserts.length)
  for (const { ref, version } of asserts) {
    writeRef(out, ref, shared)
    out.varint(version ?? 0)
  }
}

function readAssert(reader: ByteReader, shared: SharedNames | undefined): Assert {
  const ref = readRef(reader, shared)
  const version = reader.varint()
  return { ref, version: version === 0 ? undefined : version }
}

function writeTouches(out: ByteWriter, touches: readonly Touch[], shared: SharedNamesWriter | undefined): void {
  out.varint(touches.length)
  for (const { ref, mode } of touches) {
    writeRef(out, ref, shared)
    out.u8(mode === 'write' ? 1 : 0)
  }
}

function readTouch(reader: ByteReader, shared: SharedNames | undefined): Touch {
  const ref = readRef(reader, shared)
  return { ref, mode: reader.flag() ? 'write' : 'read' }
}

/** Appends the call to `out`. */
export function writeCall(out: ByteWriter, call: Call, shared?: SharedNamesWriter): void {
  writeRef(out, call.ref, shared)
  writeName(out, call.message, shared)
  out.data(call.args)
}

/** Reads a call; throws {@link MalformedBytes} for names and keys over their limits. */
export function readCall(reader: ByteReader, shared?: SharedNames): Call {
  const ref = readRef(reader, shared)
  const message = readName(reader, shared)
  return { ref, message, args: reader.data() }
}

function readCalls(reader: ByteReader, shared: SharedNames | undefined): Call[] {
  return reader.list(() => readCall(reader, shared))
}

/** Appends the reference to `out`. */
export function writeRef(out: ByteWriter, ref: ActorRef, shared?: SharedNamesWriter): void {
  writeName(out, ref.type, shared)
  out.string(ref.key)
}

/** Reads a reference; throws {@link MalformedBytes} for names and keys over their limits. */
export function readRef(reader: ByteReader, shared?: SharedNames): ActorRef {
  const type = readName(reader, shared)
  check(!type.includes('/'), 'a type name with a slash')
  const key = reader.string()
  check(key.length > 0 && fits(key, limits.keyBytesMax), 'an empty or too long key')
  check(!key.includes('\0'), 'a key with a NUL')
  return actorRef(type, key)
}

function writeName(out: ByteWriter, name: string, shared: SharedNamesWriter | undefined): void {
  if (shared === undefined) out.string(name)
  else out.varint(shared.name(name))
}

function readName(reader: ByteReader, shared: SharedNames | undefined): string {
  return checkedName(shared === undefined ? reader.string() : shared.name(reader.varint()))
}

function fits(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new MalformedBytes(what)
}
