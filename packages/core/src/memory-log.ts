// The memory log: the log contract with nothing behind it, for tests and `:memory:`. Durable means here that it is in
// this object; everything else is as in the logs that keep their word across a crash.

import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import { LogReaders } from './log-reader.ts'
import type { Log, LogEntry } from './log.ts'
import type { Sequence } from './position.ts'
import { RecentIds } from './recent-ids.ts'

/** A {@link Log} in memory. */
export class MemoryLog implements Log {
  readonly #clock: () => number
  readonly #readers = new LogReaders()
  readonly #recentIds = new RecentIds<Sequence>()
  #entries: LogEntry[] = []
  #tail: Sequence = 0
  #closed = false

  /** `clock` gives the append times, in integer microseconds. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  async append(bytes: Uint8Array, id?: string): Promise<Sequence> {
    this.#assertOpen()
    if (bytes.length > limits.entryBytesMax) throw entryTooLarge(bytes.length)
    const landed = id === undefined ? undefined : this.#recentIds.get(id)
    if (landed !== undefined) return landed
    const sequence = ++this.#tail
    this.#entries.push({ sequence, appendTime: this.#clock(), bytes })
    if (id !== undefined) this.#recentIds.add(id, sequence)
    this.#readers.wake()
    return sequence
  }

  async tail(): Promise<Sequence> {
    this.#assertOpen()
    return this.#tail
  }

  async first(): Promise<Sequence> {
    this.#assertOpen()
    return this.#first()
  }

  read(from: Sequence, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]> {
    const source = { entriesFrom: (next: Sequence) => this.#entriesFrom(next), release: () => {} }
    return this.#readers.read(source, from, this.#closed ? AbortSignal.abort() : signal)
  }

  async trim(before: Sequence): Promise<void> {
    this.#assertOpen()
    const dropped = Math.min(before, this.#tail) - this.#first()
    if (dropped > 0) this.#entries = this.#entries.slice(dropped)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#readers.close()
  }

  #first(): Sequence {
    return this.#entries[0]?.sequence ?? this.#tail + 1
  }

  #entriesFrom(from: Sequence): readonly LogEntry[] {
    const first = this.#first()
    assertReadable(from, first, this.#tail)
    return this.#entries.slice(from - first)
  }

  #assertOpen(): void {
    if (this.#closed) throw logClosed()
  }
}

/** Throws what `Log.read` promises when `from` is outside `first` to `tail + 1`. */
export function assertReadable(from: Sequence, first: Sequence, tail: Sequence): void {
  if (from < first) {
    throw new StreamyError(
      'LOG_TRIMMED',
      `Entry ${from} of the log was trimmed; the oldest held is ${first}. Start from a newer checkpoint.`,
    )
  }
  if (from > tail + 1) {
    throw new StreamyError(
      'LOG_DIVERGED',
      `Entry ${from} of the log was asked for, but its last is ${tail}: the log is shorter than what was read of it before. Restore the log that belongs to this state.`,
    )
  }
}

/** The error for an entry above the limit. */
export function entryTooLarge(size: number): StreamyError {
  return new StreamyError(
    'BATCH_TOO_LARGE',
    `A log entry of ${size} bytes is above the limit of ${limits.entryBytesMax}. Split the batch.`,
  )
}

/** The error for using a closed log. */
export function logClosed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The log is closed. Open the database again to use it.')
}
