// The tail buffer: the newest durable entries of a log, in memory, for the readers that keep up. They get the very
// objects that were appended; nothing is copied and nothing is read back from disk.

import type { LogEntry, Sequence } from '@streamy-db/core'

/** The newest entries, within limits on their number and bytes. */
export class TailBuffer {
  readonly #entriesMax: number
  readonly #bytesMax: number
  /** Entries from `#start` on are held; those before are dropped from the array now and then. */
  #entries: LogEntry[] = []
  #start = 0
  #bytes = 0
  /** The sequence of the oldest entry held; the next to come when there is none. */
  first: Sequence

  constructor(first: Sequence, { entriesMax, bytesMax }: { readonly entriesMax: number; readonly bytesMax: number }) {
    this.first = first
    this.#entriesMax = entriesMax
    this.#bytesMax = bytesMax
  }

  /** Takes the entry after the newest, and lets the oldest go beyond the limits. */
  push(entry: LogEntry): void {
    this.#entries.push(entry)
    this.#bytes += entry.bytes.length
    while (this.#entries.length - this.#start > this.#entriesMax || this.#bytes > this.#bytesMax) this.#drop()
  }

  /** All held entries from `from` on, which must not be below `first`. */
  from(from: Sequence): readonly LogEntry[] {
    return this.#entries.slice(this.#start + from - this.first)
  }

  #drop(): void {
    this.#bytes -= this.#entries[this.#start]?.bytes.length ?? 0
    this.#start++
    this.first++
    // Half the array at a time, so that dropping costs the same on average however many are held.
    if (this.#start * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }
}
