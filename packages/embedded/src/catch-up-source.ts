// Where one reader of the segmented log gets its entries: from the tail buffer when it keeps up, else from the segment
// files, a piece at a time, until it reaches the tail buffer. What it reads from disk was durable; so anything wrong
// there is damage, never a torn tail.

import { assertReadable, type LogEntry, type LogSource, type Sequence } from '@streamy-db/core'
import type { FileSystem } from './file-system.ts'
import { SegmentReader } from './segment-reader.ts'
import { logCorrupt, type Segment } from './segment.ts'
import type { TailBuffer } from './tail-buffer.ts'

/** What the source sees of its log. */
export interface CatchUpView {
  readonly fileSystem: FileSystem
  readonly readAheadBytes: number
  readonly tailBuffer: TailBuffer
  /** The segments held now, in order. */
  segments(): readonly Segment[]
  /** The last durable entry now. */
  tail(): Sequence
}

const nothing: readonly LogEntry[] = []

/** The {@link LogSource} of one reader. */
export class CatchUpSource implements LogSource {
  readonly #view: CatchUpView
  #reader: SegmentReader | undefined

  constructor(view: CatchUpView) {
    this.#view = view
  }

  entriesFrom(from: Sequence): readonly LogEntry[] | Promise<readonly LogEntry[]> {
    const { tailBuffer } = this.#view
    const tail = this.#view.tail()
    assertReadable(from, this.#view.segments()[0]?.first ?? 1, tail)
    if (from > tail) return nothing
    if (from < tailBuffer.first) return this.#readFrom(from)
    this.release()
    return tailBuffer.from(from)
  }

  release(): void {
    const reader = this.#reader
    this.#reader = undefined
    // Nobody waits for it, and a file that was only read has nothing to lose.
    reader?.close().catch(() => {})
  }

  /** Entries from `from` on out of the segment that holds it; skips those before it. */
  async #readFrom(from: Sequence): Promise<readonly LogEntry[]> {
    const segment = this.#segmentOf(from)
    const last = Math.min(this.#lastOf(segment), this.#view.tail())
    const reader = await this.#readerOf(segment)
    for (;;) {
      const { entries, end } = await reader.read(last)
      const wanted = entries.filter((entry) => entry.sequence >= from)
      if (wanted.length > 0) return wanted
      if (end !== undefined) throw logCorrupt(segment.path, end.offset, end.sequence, end.reason)
    }
  }

  #segmentOf(sequence: Sequence): Segment {
    const segment = this.#view.segments().findLast((each) => each.first <= sequence)
    // Not found when a trim came in between: `assertReadable` then says so.
    if (segment !== undefined) return segment
    assertReadable(sequence, this.#view.segments()[0]?.first ?? 1, this.#view.tail())
    throw logCorrupt('the log', 0, sequence, 'no segment holds it')
  }

  #lastOf(segment: Segment): Sequence {
    const next = this.#view.segments().find((each) => each.first > segment.first)
    return next === undefined ? Number.MAX_SAFE_INTEGER : next.first - 1
  }

  async #readerOf(segment: Segment): Promise<SegmentReader> {
    if (this.#reader?.segment.path === segment.path) return this.#reader
    this.release()
    this.#reader = await SegmentReader.open(this.#view.fileSystem, segment, this.#view.readAheadBytes)
    return this.#reader
  }
}
