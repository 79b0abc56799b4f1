// LogServer: the servers' side of the log. It numbers entries, knows ids for a while, and does what real ones do when they
// are unlucky: it changes its leader, forgets ids, sets its clock, and loses its end.

import type { LogEntry, Sequence } from '@streamy-db/core'
import type { Ground } from './simulated-process.ts'

/** What is stored. */
export interface StoredAppend {
  readonly id: string
  readonly bytes: Uint8Array
  readonly restrictedTo: string | undefined
}

const idsKnownForUs = 120_000_000

/** One log, for all processes. */
export class LogServer {
  /** False while a leader is elected. */
  available = true
  /** Whether it takes nothing new. */
  full = false
  /** How far its clock is ahead of the true time. */
  clockOffsetUs = 0
  /** How often something was appended again whose id was forgotten. */
  repeats = 0
  readonly #ground: Ground
  /** Everything that was ever stored, trimmed or not; entry n at n - 1. */
  #entries: LogEntry[] = []
  #first: Sequence = 1
  readonly #ids = new Map<string, { readonly sequence: Sequence; readonly at: number }>()
  readonly #everSeen = new Set<string>()
  readonly #watchers = new Set<() => void>()
  #rolledBackTo: Sequence | undefined

  constructor(ground: Ground) {
    this.#ground = ground
  }

  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  get tail(): Sequence {
    return this.#entries.length
  }

  get first(): Sequence {
    return this.#first
  }

  /** The end to which it once fell back; undefined when it has never lost anything. */
  get rolledBackTo(): Sequence | undefined {
    return this.#rolledBackTo
  }

  /** Called whenever there is something new; the returned function ends it. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  /** Stores an entry, or finds it stored, or has no room for it. */
  store({ id, bytes, restrictedTo }: StoredAppend): Sequence | 'full' {
    const { schedule, trace } = this.#ground
    const known = this.#ids.get(id)
    if (known !== undefined && schedule.now - known.at < idsKnownForUs) return known.sequence
    if (this.full) return 'full'
    const sequence = this.#entries.length + 1
    const appendTime = schedule.now + this.clockOffsetUs
    this.#entries.push({ sequence, appendTime, bytes, ...(restrictedTo === undefined ? {} : { restrictedTo }) })
    this.#ids.set(id, { sequence, at: schedule.now })
    if (this.#everSeen.has(id)) this.repeats += 1
    this.#everSeen.add(id)
    trace.note(`entry ${sequence} is stored as ${id}`, bytes)
    this.#changed()
    return sequence
  }

  trim(before: Sequence): void {
    const first = Math.max(this.#first, Math.min(before, this.tail))
    if (first !== this.#first) this.#ground.trace.note(`the log is trimmed below ${first}`)
    this.#first = first
  }

  /** Stops answering; what is on its way to it is lost. */
  stop(): void {
    this.available = false
  }

  /** Answers again; `forgets` whether it knows ids of before. */
  start(forgets: boolean): void {
    this.available = true
    if (forgets) this.#ids.clear()
    this.#changed()
  }

  /** Loses its newest entries, as a machine does that loses what it had not flushed. */
  rollBack(count: number): void {
    const tail = Math.max(this.#first, this.tail - count)
    this.#ground.trace.note(`the log falls back from ${this.tail} to ${tail}`)
    this.#entries = this.#entries.slice(0, tail)
    this.#rolledBackTo = Math.min(tail, this.#rolledBackTo ?? tail)
    for (const [id, { sequence }] of this.#ids) if (sequence > tail) this.#ids.delete(id)
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
