// Reads the entries of one segment in order, a piece of the file at a time, and checks every byte of them. It says where
// the entries end and how; whether that is the end of the log, a crash's leftover or damage is for others to judge.

import type { LogEntry, Sequence } from '@streamy-db/core'
import type { DurableFile, FileSystem } from './file-system.ts'
import { checksumOfBody, decodeEntryHeader, entryHeaderBytes, segmentHeaderBytes } from './segment-format.ts'
import type { Segment } from './segment.ts'

/** Why there is no further entry at a place. */
export interface SegmentEnd {
  readonly kind: 'zeros' | 'close-mark' | 'truncated' | 'invalid'
  readonly offset: number
  /** The sequence the next entry would have had. */
  readonly sequence: Sequence
  readonly reason: string
}

/** Entries read at once, with the ids they were appended under, and the end when it was met. */
export interface SegmentPiece {
  readonly entries: readonly LogEntry[]
  readonly ids: readonly (string | undefined)[]
  readonly end: SegmentEnd | undefined
}

type Step =
  | { readonly kind: 'entry'; readonly entry: LogEntry; readonly id: string | undefined; readonly size: number }
  | { readonly kind: 'incomplete'; readonly size: number }
  | { readonly kind: 'zeros' | 'close-mark' | 'invalid'; readonly reason: string }

/** A reader of one segment. */
export class SegmentReader {
  readonly segment: Segment
  readonly #file: DurableFile
  readonly #pieceBytes: number
  #offset = segmentHeaderBytes
  #next: Sequence

  private constructor(segment: Segment, file: DurableFile, pieceBytes: number) {
    this.segment = segment
    this.#file = file
    this.#pieceBytes = pieceBytes
    this.#next = segment.first
  }

  static async open(fileSystem: FileSystem, segment: Segment, pieceBytes: number): Promise<SegmentReader> {
    return new SegmentReader(segment, await fileSystem.openForReading(segment.path), pieceBytes)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** The next entries, none of them after `last`; at least one, or the end. */
  async read(last: Sequence): Promise<SegmentPiece> {
    let piece = await this.#fill(this.#pieceBytes)
    for (;;) {
      const read = this.#decode(piece.bytes, last)
      if ('entries' in read) return read
      if (piece.atEndOfFile)
        return { entries: [], ids: [], end: this.#end('truncated', 'the file ends in the middle of it') }
      piece = await this.#fill(read.size)
    }
  }

  /** Everything from the current place to the end of the file. */
  async readRest(): Promise<Uint8Array> {
    const size = await this.#file.size()
    return (await this.#fill(Math.max(size - this.#offset, 0))).bytes
  }

  async #fill(size: number): Promise<{ readonly bytes: Buffer; readonly atEndOfFile: boolean }> {
    const bytes = Buffer.allocUnsafeSlow(size)
    const count = await this.#file.read(bytes, this.#offset)
    return { bytes: bytes.subarray(0, count), atEndOfFile: count < size }
  }

  #decode(bytes: Buffer, last: Sequence): SegmentPiece | { readonly size: number } {
    const entries: LogEntry[] = []
    const ids: (string | undefined)[] = []
    let end: SegmentEnd | undefined
    let offset = 0
    while (this.#next <= last) {
      const step = decodeEntry(bytes, offset, this.#next)
      if (step.kind === 'incomplete') {
        if (entries.length === 0) return { size: step.size }
        break
      }
      if (step.kind !== 'entry') {
        end = this.#end(step.kind, step.reason)
        break
      }
      entries.push(step.entry)
      ids.push(step.id)
      offset += step.size
      this.#offset += step.size
      this.#next++
    }
    return { entries, ids, end }
  }

  #end(kind: SegmentEnd['kind'], reason: string): SegmentEnd {
    return { kind, offset: this.#offset, sequence: this.#next, reason }
  }
}

/** What stands at `offset`, where entry `sequence` belongs. */
function decodeEntry(buffer: Buffer, offset: number, sequence: Sequence): Step {
  if (offset + entryHeaderBytes > buffer.length) return { kind: 'incomplete', size: entryHeaderBytes }
  const header = decodeEntryHeader(buffer, offset)
  if (header === undefined) {
    const isZero = buffer.subarray(offset, offset + entryHeaderBytes).every((byte) => byte === 0)
    return isZero
      ? { kind: 'zeros', reason: 'there is no entry' }
      : { kind: 'invalid', reason: 'its header fails its checksum' }
  }
  if (header.sequence !== sequence) return { kind: 'invalid', reason: `entry ${header.sequence} stands in its place` }
  if (header.kind === 'close-mark') return { kind: 'close-mark', reason: 'the log was closed here' }
  const bodyStart = offset + entryHeaderBytes + header.idBytes
  const size = entryHeaderBytes + header.idBytes + header.bodyBytes
  if (offset + size > buffer.length) return { kind: 'incomplete', size }
  const id = buffer.subarray(offset + entryHeaderBytes, bodyStart)
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + bodyStart, header.bodyBytes)
  if (checksumOfBody(id, bytes) !== header.bodyChecksum)
    return { kind: 'invalid', reason: 'its bytes fail their checksum' }
  const entry = { sequence, appendTime: header.appendTime, bytes }
  return { kind: 'entry', entry, id: id.length === 0 ? undefined : id.toString(), size }
}
