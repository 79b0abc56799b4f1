// Historians: at most one historian of a worker, made when somebody asks about the past and let go of when nobody has asked
// for a while. One that has failed is replaced when the next question comes.

import { StreamyError } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { Historian, type HistorianOptions } from './historian.ts'

const IDLE_US = 60_000_000

/** Keeps a historian while it is wanted. */
export class Historians {
  readonly #options: HistorianOptions
  readonly #clock: Clock
  #current: Promise<Historian> | undefined
  #askedAt = 0
  #cancel: (() => void) | undefined
  #closed = false

  constructor(options: HistorianOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** The historian, once it has started. */
  async current(): Promise<Historian> {
    this.#askedAt = this.#clock.now()
    this.#current ??= this.#start()
    const historian = await this.#current
    if (historian.failure === undefined) return historian
    await this.#end()
    throw historian.failure
  }

  /** Ends it; none is made any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end()
  }

  async #start(): Promise<Historian> {
    if (this.#closed)
      throw new StreamyError('DATABASE_CLOSED', 'The worker that reads the past stops. Ask again: another takes over.')
    try {
      const historian = await Historian.start(this.#options)
      this.#watch()
      return historian
    } catch (error) {
      this.#current = undefined
      throw error
    }
  }

  #watch(): void {
    this.#cancel = this.#clock.alarm(this.#askedAt + IDLE_US, () => {
      if (this.#clock.now() - this.#askedAt >= IDLE_US) void this.#end()
      else this.#watch()
    })
  }

  async #end(): Promise<void> {
    this.#cancel?.()
    const current = this.#current
    this.#current = undefined
    await (await current?.catch(() => undefined))?.stop()
  }
}
