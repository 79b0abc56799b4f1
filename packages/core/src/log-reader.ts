// Log readers: the waiting side of a log in this process. A reader asks its source for the entries from its place on;
// when there are none it waits until the log wakes it, and is then handed the new entries in the same turn. It knows
// nothing of where entries are kept.

import { assert } from './errors.ts'
import type { LogEntry } from './log.ts'
import type { Sequence } from './position.ts'

type Chunk = readonly LogEntry[]

/** Where one reader gets its entries. */
export interface LogSource {
  /**
   * Durable entries from `from` on, without a gap: all at hand, or a first part; empty when `from` is the next to come.
   * Throws what `Log.read` throws. A promise when they come from storage, and then at least one entry.
   */
  entriesFrom(from: Sequence): Chunk | Promise<Chunk>
  /** Called once, when the reader ends. */
  release(): void
}

/** All readers of one log. */
export class LogReaders {
  readonly #readers = new Set<LogReader>()

  /** Follows `source` from `from` on until `signal` aborts or the log closes. */
  read(source: LogSource, from: Sequence, signal?: AbortSignal): AsyncIterable<Chunk> {
    return { [Symbol.asyncIterator]: () => this.#start(source, from, signal) }
  }

  /** Hands new entries to everyone who waits. */
  wake(): void {
    for (const reader of this.#readers) reader.wake()
  }

  /** Ends every reader. */
  close(): void {
    for (const reader of this.#readers) reader.end()
  }

  #start(source: LogSource, from: Sequence, signal: AbortSignal | undefined): LogReader {
    const reader = new LogReader(source, from, () => {
      signal?.removeEventListener('abort', reader.end)
      this.#readers.delete(reader)
    })
    this.#readers.add(reader)
    if (signal?.aborted === true) reader.end()
    else signal?.addEventListener('abort', reader.end, { once: true })
    return reader
  }
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Chunk, undefined>) => void
  readonly reject: (error: unknown) => void
}

class LogReader implements AsyncIterableIterator<Chunk, undefined> {
  readonly #source: LogSource
  readonly #onEnd: () => void
  #from: Sequence
  #waiting: Waiting | undefined
  #loading = false
  #ended = false

  constructor(source: LogSource, from: Sequence, onEnd: () => void) {
    this.#source = source
    this.#from = from
    this.#onEnd = onEnd
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Chunk, undefined>> {
    assert(this.#waiting === undefined && !this.#loading, 'a log reader is asked for one chunk at a time')
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#ended) this.#settle()
      else this.wake()
    })
  }

  return(): Promise<IteratorResult<Chunk, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Answers the one that waits, if there is something to answer with. */
  wake(): void {
    if (this.#waiting === undefined || this.#loading) return
    try {
      const chunk = this.#source.entriesFrom(this.#from)
      if (chunk instanceof Promise) void this.#load(chunk)
      else if (chunk.length > 0) this.#deliver(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Ends the iteration. A function of its own, so that it can be an event listener. */
  readonly end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    // A load under way still uses the source; it releases it when it is done.
    if (!this.#loading) this.#source.release()
    this.#settle()
  }

  async #load(loading: Promise<Chunk>): Promise<void> {
    this.#loading = true
    try {
      const chunk = await loading
      this.#loading = false
      if (this.#ended) this.#source.release()
      else this.#deliver(chunk)
    } catch (error) {
      this.#loading = false
      if (this.#ended) this.#source.release()
      else this.#fail(error)
    }
  }

  #deliver(chunk: Chunk): void {
    assert(chunk[0]?.sequence === this.#from, `entry ${this.#from} of the log comes next`)
    this.#from += chunk.length
    this.#take()?.resolve({ done: false, value: chunk })
  }

  #fail(error: unknown): void {
    this.#take()?.reject(error)
    this.end()
  }

  #settle(): void {
    this.#take()?.resolve({ done: true, value: undefined })
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }
}
