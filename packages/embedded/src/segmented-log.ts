// The segmented log: the log contract on checksummed append-only files, for one process. This file decides; the parts do
// the work: `log-recovery.ts` opens, `log-writer.ts` writes, `tail-buffer.ts` serves the readers that keep up and
// `catch-up-source.ts` the others.

import {
  LogReaders,
  RecentIds,
  StreamyError,
  entryTooLarge,
  limits,
  logClosed,
  type Log,
  type LogEntry,
  type Sequence,
} from '@streamy-db/core'
import { CatchUpSource } from './catch-up-source.ts'
import { embeddedLimits } from './embedded-limits.ts'
import { nodeFileSystem, type FileSystem } from './file-system.ts'
import { recoverLog, type RecoveredLog } from './log-recovery.ts'
import { LogWriter, firstZeroedBytes, type LogWriterOptions, type PendingAppend } from './log-writer.ts'
import type { Segment } from './segment.ts'
import { TailBuffer } from './tail-buffer.ts'

/** What a {@link SegmentedLog} can be told; every value has a default. */
export interface SegmentedLogOptions extends Partial<LogWriterOptions> {
  /** Integer microseconds since 1970, for append times. */
  readonly clock?: () => number
  readonly fileSystem?: FileSystem
  readonly tailBytesMax?: number
  readonly tailEntriesMax?: number
  readonly readAheadBytes?: number
}

type Settings = Required<SegmentedLogOptions>

/** Where recent ids landed; a promise while the flush is under way. */
type Landings = RecentIds<Sequence | Promise<Sequence>>

/**
 * A durable {@link Log} in a directory. `append` resolves after the flush that covers the entry; appends made meanwhile
 * share the next one. The bytes of an append belong to the log from the call on: readers get the same array.
 *
 * Ids (L3) are remembered for the last `limits.recentIdsMax` appends that had one; of those of an earlier opening, for
 * the ones in the last segment.
 */
export class SegmentedLog implements Log {
  readonly #clock: () => number
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #readAheadBytes: number
  readonly #writer: LogWriter
  readonly #tailBuffer: TailBuffer
  readonly #readers = new LogReaders()
  readonly #recentIds: Landings
  #segments: readonly Segment[]
  #last: Sequence
  #trimming: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  /** Opens the log in `directory`, making it when it is not there; throws LOG_CORRUPT when it is damaged. */
  static async open(directory: string, options: SegmentedLogOptions = {}): Promise<SegmentedLog> {
    const settings: Settings = { ...embeddedLimits, fileSystem: nodeFileSystem, clock: wallClock, ...options }
    const recentIds: Landings = new RecentIds()
    await settings.fileSystem.makeDirectory(directory)
    const recovered = await recoverLog({
      ...settings,
      directory,
      zeroedBytes: firstZeroedBytes(settings),
      onId: (id, sequence) => recentIds.add(id, sequence),
    })
    return new SegmentedLog(directory, recovered, recentIds, settings)
  }

  private constructor(directory: string, recovered: RecoveredLog, recentIds: Landings, settings: Settings) {
    this.#clock = settings.clock
    this.#fileSystem = settings.fileSystem
    this.#directory = directory
    this.#readAheadBytes = settings.readAheadBytes
    this.#recentIds = recentIds
    this.#segments = recovered.segments
    this.#last = recovered.tail
    const { tailEntriesMax: entriesMax, tailBytesMax: bytesMax } = settings
    this.#tailBuffer = new TailBuffer(recovered.tail + 1, { entriesMax, bytesMax })
    this.#writer = new LogWriter(settings.fileSystem, directory, recovered, settings, {
      onDurable: (appends) => this.#onDurable(appends),
      onSegment: (segment) => void (this.#segments = [...this.#segments, segment]),
    })
  }

  append(bytes: Uint8Array, id?: string): Promise<Sequence> {
    const refusal = this.#refusal(bytes, id)
    if (refusal !== undefined) return Promise.reject(refusal)
    const landed = id === undefined ? undefined : this.#recentIds.get(id)
    if (landed !== undefined) return Promise.resolve(landed)
    const entry: LogEntry = { sequence: ++this.#last, appendTime: this.#clock(), bytes }
    const appended = new Promise<Sequence>((resolve, reject) => this.#writer.append({ entry, id, resolve, reject }))
    // A retry meanwhile waits for the same flush; afterwards the number alone is kept.
    if (id !== undefined) this.#recentIds.add(id, appended)
    return appended
  }

  async tail(): Promise<Sequence> {
    if (this.#closing !== undefined) throw logClosed()
    return this.#writer.durable
  }

  async first(): Promise<Sequence> {
    if (this.#closing !== undefined) throw logClosed()
    return this.#first()
  }

  read(from: Sequence, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]> {
    const source = new CatchUpSource({
      fileSystem: this.#fileSystem,
      readAheadBytes: this.#readAheadBytes,
      tailBuffer: this.#tailBuffer,
      segments: () => this.#segments,
      tail: () => this.#writer.durable,
    })
    return this.#readers.read(source, from, this.#closing === undefined ? signal : AbortSignal.abort())
  }

  trim(before: Sequence): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(logClosed())
    const trimmed = this.#trimming.then(() => this.#trim(before))
    this.#trimming = trimmed.catch(() => {})
    return trimmed
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#trimming
    try {
      await this.#writer.close()
    } finally {
      this.#readers.close()
    }
  }

  #first(): Sequence {
    return this.#segments[0]?.first ?? 1
  }

  #refusal(bytes: Uint8Array, id: string | undefined): StreamyError | undefined {
    if (this.#closing !== undefined) return logClosed()
    if (this.#writer.failure !== undefined) return this.#writer.failure
    if (bytes.length > limits.entryBytesMax) return entryTooLarge(bytes.length)
    if (id !== undefined && (id === '' || Buffer.byteLength(id) > embeddedLimits.idBytesMax)) {
      return new StreamyError('OPTIONS_INVALID', `An append's id has 1 to ${embeddedLimits.idBytesMax} UTF-8 bytes.`)
    }
    if (this.#writer.queueLength < embeddedLimits.appendsQueuedMax) return undefined
    return new StreamyError(
      'OVERLOADED',
      `${embeddedLimits.appendsQueuedMax} appends wait for a flush. Try again when some are done.`,
    )
  }

  #onDurable(appends: readonly PendingAppend[]): void {
    for (const { entry, id } of appends) {
      this.#tailBuffer.push(entry)
      if (id !== undefined) this.#recentIds.add(id, entry.sequence)
    }
    this.#readers.wake()
    for (const { entry, resolve } of appends) resolve(entry.sequence)
  }

  /** Removes the segments whose entries are all below `before`, oldest first, so that a crash leaves no hole. */
  async #trim(before: Sequence): Promise<void> {
    const kept = Math.min(before, this.#writer.durable)
    let removed = 0
    for (;;) {
      const [oldest, next] = this.#segments
      if (oldest === undefined || next === undefined || next.first > kept) break
      // Gone for readers first: one that opens it afterwards finds it trimmed, not missing.
      this.#segments = this.#segments.slice(1)
      await this.#fileSystem.remove(oldest.path)
      removed++
    }
    if (removed > 0) await this.#fileSystem.syncDirectory(this.#directory)
  }
}

function wallClock(): number {
  return Date.now() * 1000
}
