// RequestArena: the bytes of request records, end to end, in one buffer. Records are many and short-lived, and almost none
// is ever looked at again: as objects they would fill the heap between two flushes, and the collector would walk them over
// and over. Here each costs its bytes, written once, in the form in which it is stored.
//
//   offset 0  f64  position at which it was put
//          8  u32  offset of the version before it, plus 1; 0 when there is none
//         12  u32  bytes of the record
//         16       the record (state-format.ts): a byte that is 1 for a retry, a varint of the generation, …

import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import type { Position } from './position.ts'
import { decodeRequestRecord, writeRequestRecord } from './state-format.ts'
import type { RequestRecord } from './state-format.ts'

const HEADER_BYTES = 16

/** Stands for no record where an offset is expected. */
export const noRecord = -1

/** Records of requests; those of one request are linked, the newest first. */
export class RequestArena {
  readonly #out = new ByteWriter(4096)

  /** Appends a record; answers its offset. */
  put(record: RequestRecord, position: Position, previous: number): number {
    const out = this.#out
    const offset = this.#begin(position, previous)
    writeRequestRecord(out, record)
    out.patchU32(offset + 12, out.length - offset - HEADER_BYTES)
    return offset
  }

  /** Appends what another arena holds. */
  copy(from: RequestArena, offset: number, previous: number): number {
    const bytes = from.bytesAt(offset)
    const copied = this.#begin(from.positionAt(offset), previous)
    this.#out.bytes(bytes)
    this.#out.patchU32(copied + 12, bytes.length)
    return copied
  }

  positionAt(offset: number): Position {
    return this.#out.view().readDoubleLE(offset)
  }

  /** The offset of the version before; {@link noRecord} when there is none. */
  previousOf(offset: number): number {
    return this.#out.view().readUInt32LE(offset + 8) - 1
  }

  isRetryAt(offset: number): boolean {
    return this.#out.view()[offset + HEADER_BYTES] === 1
  }

  generationAt(offset: number): Position {
    return new ByteReader(this.#out.view(), offset + HEADER_BYTES + 1).varint()
  }

  recordAt(offset: number): RequestRecord {
    return decodeRequestRecord(this.bytesAt(offset))
  }

  /** The record as it is stored; valid until something is appended. */
  bytesAt(offset: number): Uint8Array {
    const view = this.#out.view()
    const start = offset + HEADER_BYTES
    return view.subarray(start, start + view.readUInt32LE(offset + 12))
  }

  #begin(position: Position, previous: number): number {
    const out = this.#out
    const offset = out.length
    out.f64(position)
    out.u32(previous + 1)
    out.u32(0)
    return offset
  }
}
