// Frames: what one message on core NATS holds. Small payloads travel together in one, a large one in parts over several.
//
//   offset 0  u32  crc32 of everything behind it
//          4  u8   magic 0x46
//          5  u8   format version
//          6  u8   kind
//          7       whole payloads: per payload a varint of its bytes, and the bytes, up to the end
//                  a part: 16 bytes that name the payload, varints of the part's number, of the number of parts and of the
//                  payload's bytes, then the part's bytes up to the end
//
// Who may publish to a subject may send anything there, so whatever is no frame is void, and counted by who reads it.

import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ByteReader, ByteWriter, MalformedBytes, StreamyError } from '@streamy-db/core'
import { jetstreamLimits } from './jetstream-limits.ts'

/** One of several parts of a payload. */
export interface Part {
  /** The same for all parts of one payload, and for no other. */
  readonly name: string
  readonly number: number
  readonly parts: number
  /** Of the whole payload. */
  readonly bytes: number
  readonly content: Uint8Array
}

/** A frame's contents: whole payloads, or a part of one. */
export type Frame =
  | { readonly kind: 'whole'; readonly payloads: readonly Uint8Array[] }
  | { readonly kind: 'part'; readonly part: Part }

const MAGIC = 0x46
const FORMAT_VERSION = 1
const HEADER_BYTES = 7
const NAME_BYTES = 16
/** Four varints at their longest. */
const VARINTS_BYTES = 32
const kinds = ['whole', 'part'] as const

/** Throws VALUE_TOO_LARGE for a payload above the limit. */
export function assertPayloadFits({ length }: Uint8Array): void {
  if (length <= jetstreamLimits.framedMessageBytesMax) return
  throw new StreamyError(
    'VALUE_TOO_LARGE',
    `A message of ${length} bytes is above the limit of ${jetstreamLimits.framedMessageBytesMax}. Touch fewer or smaller actors in one transaction.`,
  )
}

/** The frames of these payloads, each of at most `frameBytesMax` bytes. */
export function encodeFrames(payloads: readonly Uint8Array[], frameBytesMax: number): readonly Uint8Array[] {
  const frames: Uint8Array[] = []
  const out = new ByteWriter(HEADER_BYTES + 256)
  const room = frameBytesMax - HEADER_BYTES - VARINTS_BYTES - NAME_BYTES
  const closeWhole = (): void => {
    if (out.length > HEADER_BYTES) frames.push(seal(out))
  }
  for (const payload of payloads) {
    if (payload.length > room) {
      closeWhole()
      frames.push(...encodeParts(payload, room))
      continue
    }
    if (out.length + payload.length > room) closeWhole()
    if (out.length === 0) begin(out, 'whole')
    out.blob(payload)
  }
  closeWhole()
  return frames
}

/** Reads a frame; throws MalformedBytes when the bytes are not one. Payloads share the memory of `bytes`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes)
  if (reader.u32() !== crc32(bytes.subarray(4))) throw new MalformedBytes('the checksum does not match')
  if (reader.u8() !== MAGIC) throw new MalformedBytes('not a frame')
  if (reader.u8() !== FORMAT_VERSION) throw new MalformedBytes('the format version is unknown')
  const kind = kinds[reader.u8()]
  if (kind === undefined) throw new MalformedBytes('the kind is unknown')
  return kind === 'whole' ? { kind, payloads: readWhole(reader) } : { kind, part: readPart(reader) }
}

function encodeParts(payload: Uint8Array, room: number): readonly Uint8Array[] {
  const name = randomBytes(NAME_BYTES)
  const parts = Math.ceil(payload.length / room)
  return Array.from({ length: parts }, (_, number) => {
    const content = payload.subarray(number * room, (number + 1) * room)
    const out = new ByteWriter(HEADER_BYTES + NAME_BYTES + VARINTS_BYTES + content.length)
    begin(out, 'part')
    out.bytes(name)
    out.varint(number)
    out.varint(parts)
    out.varint(payload.length)
    out.bytes(content)
    return seal(out)
  })
}

function begin(out: ByteWriter, kind: Frame['kind']): void {
  out.u32(0)
  out.u8(MAGIC)
  out.u8(FORMAT_VERSION)
  out.u8(kinds.indexOf(kind))
}

function seal(out: ByteWriter): Uint8Array {
  const bytes = out.take()
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, crc32(bytes.subarray(4)), true)
  return bytes
}

function readWhole(reader: ByteReader): readonly Uint8Array[] {
  const payloads: Uint8Array[] = []
  while (reader.remaining > 0) payloads.push(reader.blob())
  if (payloads.length === 0) throw new MalformedBytes('the frame is empty')
  return payloads
}

function readPart(reader: ByteReader): Part {
  const name = Buffer.from(reader.bytes(NAME_BYTES)).toString('latin1')
  const [number, parts, bytes] = [reader.varint(), reader.varint(), reader.varint()]
  if (bytes > jetstreamLimits.framedMessageBytesMax) throw new MalformedBytes('the payload is too large')
  if (number >= parts || parts < 2 || parts > bytes) throw new MalformedBytes('the numbers of a part do not add up')
  const content = reader.bytes(reader.remaining)
  if (content.length === 0 || content.length > bytes) throw new MalformedBytes('a part has the wrong size')
  return { name, number, parts, bytes, content }
}
