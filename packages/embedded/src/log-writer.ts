// The log writer: group commit. Appends that arrive while flushes are under way wait and then share one. It owns the
// last segment: where the next entry goes, how far zeros reach ahead of it, and when the next segment begins.
//
// W1 An entry is reported durable only after its own flush and those of all entries before it.
// W2 Entries are written only where zeros are already durable, with room for one more header behind them.
// W3 A segment is begun only when everything in the one before it is durable.
// W4 After the first failure nothing is written any more: what a failed flush left on disk is not known.
// Recovery (`log-recovery.ts`) rests on all four.

import { StreamyError, type LogEntry, type Sequence } from '@streamy-db/core'
import type { DurableFile, FileSystem } from './file-system.ts'
import type { RecoveredLog } from './log-recovery.ts'
import { encodeCloseMark, encodeEntry, entryHeaderBytes, segmentHeaderBytes } from './segment-format.ts'
import { createSegment, type Segment } from './segment.ts'

/** One entry on its way, with the promise of its append. */
export interface PendingAppend {
  readonly entry: LogEntry
  readonly id: string | undefined
  readonly resolve: (sequence: Sequence) => void
  readonly reject: (error: StreamyError) => void
}

/** Sizes the writer works with; the defaults are in `embedded-limits.ts`. */
export interface LogWriterOptions {
  readonly segmentBytes: number
  readonly zeroedAheadBytes: number
  readonly flushesInFlightMax: number
  readonly entriesPerFlushMax: number
  readonly bytesPerFlushMax: number
}

/** What the writer tells the log. */
export interface LogWriterEvents {
  /** These entries are durable, and so is everything before them; in order. */
  onDurable(appends: readonly PendingAppend[]): void
  onSegment(segment: Segment): void
}

/** Appends that share a flush. */
interface Flush {
  readonly appends: readonly PendingAppend[]
  done: boolean
}

/** Writes entries to the end of a log. */
export class LogWriter {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #options: LogWriterOptions
  readonly #events: LogWriterEvents
  #queue: PendingAppend[] = []
  readonly #flushes: Flush[] = []
  #segment: Segment
  #file: DurableFile
  #position: number
  #zeroedEnd: number
  #durable: Sequence
  /** A change of the file during which it must not be written to at the same place: zeroing ahead, or the next segment. */
  #zeroing = false
  #rolling = false
  #operations = 0
  readonly #idle: (() => void)[] = []
  #failure: StreamyError | undefined

  constructor(
    fileSystem: FileSystem,
    directory: string,
    recovered: RecoveredLog,
    options: LogWriterOptions,
    events: LogWriterEvents,
  ) {
    const segment = recovered.segments.at(-1)
    if (segment === undefined) throw new StreamyError('INVARIANT_BROKEN', 'A recovered log has a segment')
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#options = options
    this.#events = events
    this.#segment = segment
    this.#file = recovered.file
    this.#position = recovered.position
    this.#zeroedEnd = recovered.zeroedEnd
    this.#durable = recovered.tail
  }

  get durable(): Sequence {
    return this.#durable
  }

  get queueLength(): number {
    return this.#queue.length
  }

  get failure(): StreamyError | undefined {
    return this.#failure
  }

  append(append: PendingAppend): void {
    this.#queue.push(append)
    this.#pump()
  }

  /** Waits for what was appended, marks the end as complete and closes the file. */
  async close(): Promise<void> {
    while (this.#operations > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    try {
      if (this.#failure === undefined) await this.#file.write([encodeCloseMark(this.#durable)], this.#position)
    } finally {
      await this.#file.close()
    }
  }

  /** Starts every flush that may start now. */
  #pump(): void {
    while (this.#queue.length > 0 && this.#failure === undefined) {
      if (this.#rolling || this.#flushes.length >= this.#options.flushesInFlightMax) return
      const { count, bytes } = this.#nextGroup()
      if (count === 0) {
        // W3: the segment is full; the next begins when the flushes under way are done.
        if (this.#flushes.length === 0 && !this.#zeroing) this.#run(this.#beginSegment())
        return
      }
      const end = this.#position + bytes
      this.#zeroAhead(end, bytes)
      // W2: too close to the end of the zeros; the zeroing under way pumps again.
      if (end + entryHeaderBytes > this.#zeroedEnd) return
      this.#run(this.#flush(count, bytes))
    }
  }

  /** How many appends share the next flush and how many bytes they take; none when the segment has no room. */
  #nextGroup(): { readonly count: number; readonly bytes: number } {
    const { segmentBytes, entriesPerFlushMax, bytesPerFlushMax } = this.#options
    let count = 0
    let bytes = 0
    for (const append of this.#queue) {
      const size = entrySize(append)
      if (count > 0 && (count >= entriesPerFlushMax || bytes + size > bytesPerFlushMax)) break
      // An empty segment takes its first entry whatever its size.
      const isFirst = this.#position === segmentHeaderBytes && count === 0
      if (!isFirst && this.#position + bytes + size + entryHeaderBytes > segmentBytes) break
      count++
      bytes += size
    }
    return { count, bytes }
  }

  async #flush(count: number, bytes: number): Promise<void> {
    const flush: Flush = { appends: this.#queue.slice(0, count), done: false }
    this.#queue = this.#queue.slice(count)
    this.#flushes.push(flush)
    const position = this.#position
    this.#position += bytes
    await this.#file.write(
      flush.appends.flatMap(({ entry, id }) => encodeEntry(entry, id, this.#durable)),
      position,
    )
    flush.done = true
    this.#reportDurable()
  }

  /** W1: reports the flushes that are done, up to the first that is not. */
  #reportDurable(): void {
    if (this.#failure !== undefined) return
    const open = this.#flushes.findIndex((flush) => !flush.done)
    const done = this.#flushes.splice(0, open < 0 ? this.#flushes.length : open)
    // The disk first: it works while the appenders are told.
    for (const { appends } of done) this.#durable += appends.length
    this.#pump()
    for (const { appends } of done) this.#events.onDurable(appends)
  }

  /**
   * Sees to it that zeros reach well beyond `end`, for more flushes of this many bytes. It costs a flush of its own and
   * runs beside the others; a large one would hold them up.
   */
  #zeroAhead(end: number, bytes: number): void {
    const wanted = end + entryHeaderBytes
    const ahead = Math.max(this.#options.zeroedAheadBytes, 4 * bytes)
    if (this.#zeroing || wanted + ahead / 2 <= this.#zeroedEnd) return
    if (wanted <= this.#zeroedEnd && this.#zeroedEnd >= this.#options.segmentBytes) return
    this.#run(this.#zero(Math.max(wanted, Math.min(this.#zeroedEnd + ahead, this.#options.segmentBytes))))
  }

  async #zero(target: number): Promise<void> {
    this.#zeroing = true
    await this.#file.write([zeros(target - this.#zeroedEnd)], this.#zeroedEnd)
    this.#zeroedEnd = target
    this.#zeroing = false
    this.#pump()
  }

  async #beginSegment(): Promise<void> {
    this.#rolling = true
    const { logId, first: previousFirst } = this.#segment
    const zeroedBytes = firstZeroedBytes(this.#options)
    const first = this.#durable + 1
    const { segment, file } = await createSegment(this.#fileSystem, this.#directory, {
      logId,
      first,
      previousFirst,
      zeroedBytes,
    })
    const full = this.#file
    this.#segment = segment
    this.#file = file
    this.#position = segmentHeaderBytes
    this.#zeroedEnd = zeroedBytes
    this.#rolling = false
    this.#events.onSegment(segment)
    this.#pump()
    await full.close()
  }

  /** Runs one piece of work on the file; its failure is the failure of the log (W4). */
  #run(work: Promise<void>): void {
    this.#operations++
    work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#operations--
        if (this.#operations > 0) return
        for (const resolve of this.#idle.splice(0)) resolve()
      })
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new StreamyError(
      'STORAGE_FAILED',
      `Writing the log in ${this.#directory} failed: ${reason}. Nothing more is written. Make room or repair the disk, then open the database again; what was acknowledged is there.`,
      { cause },
    )
    const lost = [...this.#flushes.splice(0).flatMap((flush) => flush.appends), ...this.#queue.splice(0)]
    for (const append of lost) append.reject(this.#failure)
  }
}

/** How many bytes of a new segment are zeroed before it is used. */
export function firstZeroedBytes(options: LogWriterOptions): number {
  return Math.max(Math.min(options.zeroedAheadBytes, options.segmentBytes), segmentHeaderBytes + entryHeaderBytes)
}

let zeroBytes = new Uint8Array(0)

/** Zeros to write; the same ones each time. */
function zeros(count: number): Uint8Array {
  if (zeroBytes.length < count) zeroBytes = new Uint8Array(count)
  return zeroBytes.subarray(0, count)
}

function entrySize({ entry, id }: PendingAppend): number {
  return entryHeaderBytes + entry.bytes.length + (id === undefined ? 0 : Buffer.byteLength(id))
}
