// The bytes of a segment file, and nothing but the bytes: how a segment and an entry begin, how an entry is checked.
//
//   segment:  header (64)  entry  entry  entry  ...  zeros
//   entry:    header (48)  id  bytes
//
// All numbers are little-endian. The header of an entry has a checksum of its own, so that its length can be trusted
// before its body is there. It also says up to where the log was durable when it was written: a valid entry that
// claims `durable >= s` proves that entry s once was on disk, which tells damage from what a crash leaves behind.

import { crc32 } from 'node:zlib'
import type { LogEntry, Sequence } from '@streamy-db/core'

/** Version of the format of segments; one more than what this reads is refused. */
export const segmentFormat = 1

export const segmentHeaderBytes = 64
export const entryHeaderBytes = 48

/** How an entry begins: `SLGE`. */
export const entryMagic: Uint8Array = Buffer.from('SLGE', 'latin1')
const entryMagicNumber = Buffer.from(entryMagic).readUInt32LE(0)
const segmentMagic = 'STREAMYL'
const logIdBytes = 16

/** What a segment says about itself. */
export interface SegmentHeader {
  readonly format: number
  /** The same in all segments of one log, in hexadecimal: a segment of another log is not taken for one of this. */
  readonly logId: string
  /** Sequence of its first entry. */
  readonly first: Sequence
  /** First sequence of the segment before it; 0 when it is the log's first. */
  readonly previousFirst: Sequence
}

/** What the header of an entry says. */
export interface EntryHeader {
  /** A close mark has no body: it says that the log ended here, complete, when it was closed. */
  readonly kind: 'entry' | 'close-mark'
  readonly sequence: Sequence
  /** Everything up to this sequence was durable before this entry was written. */
  readonly durable: Sequence
  readonly appendTime: number
  readonly idBytes: number
  readonly bodyBytes: number
  readonly bodyChecksum: number
}

export function encodeSegmentHeader(header: Omit<SegmentHeader, 'format'>): Uint8Array {
  const buffer = Buffer.alloc(segmentHeaderBytes)
  buffer.write(segmentMagic, 0, 'latin1')
  buffer.writeUInt32LE(segmentFormat, 8)
  buffer.write(header.logId, 16, logIdBytes, 'hex')
  buffer.writeDoubleLE(header.first, 32)
  buffer.writeDoubleLE(header.previousFirst, 40)
  buffer.writeUInt32LE(crc32(buffer.subarray(16)), 12)
  return buffer
}

/** The header of a segment, or undefined when these bytes are not one. A newer format is given with `format` alone right. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes) return undefined
  const buffer = asBuffer(bytes)
  if (buffer.toString('latin1', 0, 8) !== segmentMagic) return undefined
  const format = buffer.readUInt32LE(8)
  if (crc32(buffer.subarray(16, segmentHeaderBytes)) !== buffer.readUInt32LE(12)) return undefined
  return {
    format,
    logId: buffer.toString('hex', 16, 16 + logIdBytes),
    first: buffer.readDoubleLE(32),
    previousFirst: buffer.readDoubleLE(40),
  }
}

/** The buffers of one entry, the bytes themselves among them and not copied. */
export function encodeEntry(entry: LogEntry, id: string | undefined, durable: Sequence): readonly Uint8Array[] {
  const idBytes = id === undefined ? 0 : Buffer.byteLength(id)
  const head = Buffer.allocUnsafe(entryHeaderBytes + idBytes)
  if (id !== undefined) head.write(id, entryHeaderBytes)
  const bodyChecksum = checksumOfBody(head.subarray(entryHeaderBytes), entry.bytes)
  const { sequence, appendTime } = entry
  writeHeader(head, {
    kind: 'entry',
    sequence,
    durable,
    appendTime,
    idBytes,
    bodyBytes: entry.bytes.length,
    bodyChecksum,
  })
  return entry.bytes.length === 0 ? [head] : [head, entry.bytes]
}

/** The mark that ends a log that was closed after entry `tail`. */
export function encodeCloseMark(tail: Sequence): Uint8Array {
  const head = Buffer.allocUnsafe(entryHeaderBytes)
  const nothing = { appendTime: 0, idBytes: 0, bodyBytes: 0, bodyChecksum: 0 }
  writeHeader(head, { kind: 'close-mark', sequence: tail + 1, durable: tail, ...nothing })
  return head
}

/** The header at `offset`, or undefined when these bytes are not one. */
export function decodeEntryHeader(buffer: Buffer, offset: number): EntryHeader | undefined {
  if (offset + entryHeaderBytes > buffer.length) return undefined
  if (buffer.readUInt32LE(offset) !== entryMagicNumber) return undefined
  if (crc32(buffer.subarray(offset + 8, offset + entryHeaderBytes)) !== buffer.readUInt32LE(offset + 4))
    return undefined
  return {
    kind: buffer.readUInt32LE(offset + 20) === 0 ? 'entry' : 'close-mark',
    bodyChecksum: buffer.readUInt32LE(offset + 8),
    bodyBytes: buffer.readUInt32LE(offset + 12),
    idBytes: buffer.readUInt32LE(offset + 16),
    sequence: buffer.readDoubleLE(offset + 24),
    durable: buffer.readDoubleLE(offset + 32),
    appendTime: buffer.readDoubleLE(offset + 40),
  }
}

/** The checksum that binds an entry's id and bytes to its header. */
export function checksumOfBody(id: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes, id.length === 0 ? 0 : crc32(id))
}

/** The same memory with the reading methods of Node. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function writeHeader(target: Buffer, header: EntryHeader): void {
  target.writeUInt32LE(entryMagicNumber, 0)
  target.writeUInt32LE(header.bodyChecksum, 8)
  target.writeUInt32LE(header.bodyBytes, 12)
  target.writeUInt32LE(header.idBytes, 16)
  target.writeUInt32LE(header.kind === 'entry' ? 0 : 1, 20)
  target.writeDoubleLE(header.sequence, 24)
  target.writeDoubleLE(header.durable, 32)
  target.writeDoubleLE(header.appendTime, 40)
  target.writeUInt32LE(crc32(target.subarray(8, entryHeaderBytes)), 4)
}
