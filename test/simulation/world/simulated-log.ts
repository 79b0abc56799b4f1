// SimulatedLog: the log contract as one process sees it over links that lose, repeat and delay. It appends under an id and
// again until it is acknowledged, as the log on NATS does, and it holds the servers to what they said before: a log that is
// shorter than, or different from, what was read of it ends in LOG_DIVERGED (L6).

import {
  LogReaders,
  StreamyError,
  assertReadable,
  entryTooLarge,
  limits,
  logClosed,
  type Log,
  type LogEntry,
  type Sequence,
} from '@streamy-db/core'
import type { LogServer } from './log-server.ts'
import { servers, type Links } from './link.ts'
import { askServers, unavailable, type ServerAccess } from './server-request.ts'
import { never, type SimulatedProcess } from './simulated-process.ts'

/** What a log stands on. */
export interface SimulatedLogOptions {
  readonly process: SimulatedProcess
  readonly links: Links
  readonly server: LogServer
  /** What the names of the sessions begin with for which this process may speak; any when it is a worker's. */
  readonly restrictedTo?: string
  /** How long one append is tried; a minute unless stated. */
  readonly publishWithinUs?: number
  /** Whether it looks at whether the log is still the one it was. Off only to see that it is missed. */
  readonly guards?: boolean
}

const acknowledgeWithinUs = 1_500_000
const publishWithinDefaultUs = 60_000_000
const pollAfterUs = 1_000_000
const chunkMax = 256

interface Append {
  readonly id: string
  readonly bytes: Uint8Array
  readonly resolve: (sequence: Sequence) => void
  readonly reject: (error: Error) => void
}

/** The log of one process. */
export class SimulatedLog implements Log {
  readonly #options: SimulatedLogOptions
  readonly #access: ServerAccess
  readonly #readers = new LogReaders()
  readonly #pending = new Set<Append>()
  readonly #unwatch: () => void
  #appends = 0
  /** What this process can read: the newest entry of which it has heard, and that entry as it was. */
  #heard: Sequence = 0
  #heardEntry: LogEntry | undefined
  #acknowledged: Sequence = 0
  #listens = false
  #polling = false
  #diverged: StreamyError | undefined
  #closed = false

  constructor(options: SimulatedLogOptions) {
    const { process, links, server } = options
    this.#options = options
    this.#access = { process, links, available: () => server.available }
    this.#unwatch = server.watch(() => this.#changed())
  }

  /** The newest entry of which this process has heard. */
  get heard(): Sequence {
    return this.#heard
  }

  append(bytes: Uint8Array, id?: string): Promise<Sequence> {
    if (this.#closed) return Promise.reject(logClosed())
    if (bytes.length > limits.entryBytesMax) return Promise.reject(entryTooLarge(bytes.length))
    const { process, publishWithinUs = publishWithinDefaultUs } = this.#options
    const { schedule } = process.ground
    if (process.reaches('before an append')) return never
    this.#appends += 1
    const known = id ?? `${process.name} ${schedule.now} ${this.#appends}`
    return new Promise((resolve, reject) => {
      const append: Append = { id: known, bytes: new Uint8Array(bytes), resolve, reject }
      this.#pending.add(append)
      this.#publish(append, schedule.now + publishWithinUs)
    })
  }

  async tail(): Promise<Sequence> {
    return await this.#ask('where the log ends', (server) => server.tail)
  }

  async first(): Promise<Sequence> {
    return await this.#ask('where the log begins', (server) => server.first)
  }

  read(from: Sequence, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]> {
    const source = { entriesFrom: (next: Sequence) => this.#entriesFrom(next), release: () => {} }
    this.#listens = true
    this.#poll()
    return this.#readers.read(source, from, this.#closed ? AbortSignal.abort() : signal)
  }

  async trim(before: Sequence): Promise<void> {
    if (this.#options.process.reaches('before a trim')) return await never
    await this.#ask('to trim the log', (server) => server.trim(before))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unwatch()
    this.#readers.close()
    for (const { reject } of this.#pending) reject(logClosed())
    this.#pending.clear()
  }

  // Sent under one id until it is acknowledged, or long enough.
  #publish(append: Append, giveUpAt: number): void {
    const { process, links, server, restrictedTo } = this.#options
    const { schedule } = process.ground
    if (!this.#pending.has(append)) return
    if (schedule.now >= giveUpAt) return this.#settle(append, () => append.reject(unavailable('an append')))
    for (const delay of links.arrivals(process.name, servers))
      schedule.after(delay, () => {
        if (!server.available) return
        const sequence = server.store({ id: append.id, bytes: append.bytes, restrictedTo })
        for (const back of links.arrivals(servers, process.name))
          process.after(back, () => this.#answered(append, sequence))
      })
    process.after(acknowledgeWithinUs, () => this.#publish(append, giveUpAt))
  }

  #answered(append: Append, sequence: Sequence | 'full'): void {
    if (sequence === 'full') {
      const full = new StreamyError('STORAGE_FULL', 'The log is full. Trim it, then try again.')
      return this.#settle(append, () => append.reject(full))
    }
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
    this.#settle(append, () => append.resolve(sequence))
    this.#options.process.reaches('after an append')
    return undefined
  }

  #settle(append: Append, how: () => void): void {
    if (this.#pending.delete(append)) how()
  }

  async #ask<Result>(what: string, serve: (server: LogServer) => Result): Promise<Result> {
    if (this.#closed) throw logClosed()
    const { server } = this.#options
    const known = Math.max(this.#heard, this.#acknowledged)
    const { tail, result } = await askServers(this.#access, what, () => ({ tail: server.tail, result: serve(server) }))
    if (this.#closed) throw logClosed()
    this.#compare(tail, known)
    if (this.#diverged !== undefined) throw this.#diverged
    return result
  }

  // The servers have something new: it comes by itself, unless it is lost on the way.
  #changed(): void {
    const { process, links, server } = this.#options
    if (!this.#listens || this.#closed) return
    if (process.isDead) return this.#unwatch()
    const [delay] = links.isCut(servers, process.name) ? [] : [links.delay()]
    if (delay === undefined || !server.available) return this.#poll()
    const { tail } = server
    process.after(delay, () => this.#hear(tail))
  }

  // Looks at the log until the servers answer.
  #poll(): void {
    if (this.#polling) return
    this.#polling = true
    const { process, links, server } = this.#options
    const look = (): void => {
      if (this.#closed) return
      if (!server.available || links.isCut(servers, process.name) || links.isCut(process.name, servers)) {
        process.after(pollAfterUs, look)
        return
      }
      process.after(links.delay() + links.delay(), () => {
        this.#polling = false
        this.#compare(server.tail)
        this.#hear(server.tail)
      })
    }
    look()
  }

  #hear(tail: Sequence): void {
    const { server } = this.#options
    if (this.#heardEntry !== undefined && !this.#isSame()) this.#compare(server.tail)
    const heard = Math.min(tail, server.tail)
    if (heard >= this.#heard) {
      this.#heard = heard
      this.#heardEntry = server.entries[heard - 1]
    }
    this.#readers.wake()
  }

  // L4 and L6: what was acknowledged to this process, and what it had read when it asked, is in the log for ever.
  #compare(tail: Sequence, known = Math.max(this.#heard, this.#acknowledged)): void {
    if (this.#options.guards === false) {
      this.#heard = Math.min(this.#heard, tail)
      return
    }
    if (tail >= known && this.#isSame()) return
    const what = `The log ends at entry ${tail}, and entry ${known} was in it before, or is another one now.`
    this.#diverged ??= new StreamyError('LOG_DIVERGED', what)
  }

  #isSame(): boolean {
    return this.#heardEntry === undefined || this.#options.server.entries[this.#heard - 1] === this.#heardEntry
  }

  #entriesFrom(from: Sequence): readonly LogEntry[] {
    if (this.#diverged !== undefined) throw this.#diverged
    const { server } = this.#options
    if (this.#polling && from > this.#heard) return []
    if (this.#options.guards !== false || from < server.first) assertReadable(from, server.first, this.#heard)
    return server.entries.slice(from - 1, Math.min(this.#heard, from - 1 + chunkMax))
  }
}
