// MemoryDisk: a log and a state store in memory that outlive the database that has them open, and a power cut: what was
// open then never hears from them again. Each call can be made to fail or to wait.

import { MemoryLog, MemoryStateStore } from '@streamy-db/core'
import type { Log, StateStore } from '@streamy-db/core'
import type { Storage } from '../open-embedded.ts'

/** A place where a test may step in: before the disk does it. */
export interface Interventions {
  append?: (bytes: Uint8Array) => Promise<void> | void
  advance?: () => Promise<void> | void
  trim?: () => Promise<void> | void
}

const never = new Promise<never>(() => {})

/** Storage that survives its openings. */
export class MemoryDisk {
  readonly log: Log
  readonly store: StateStore
  readonly interventions: Interventions = {}
  #powered = new AbortController()

  constructor(clock: () => number, store: StateStore = new MemoryStateStore()) {
    this.log = new MemoryLog(clock)
    this.store = store
  }

  /** Opens it, as `openWith` wants it. */
  readonly open = async (): Promise<Storage> => {
    const { signal } = this.#powered
    return { log: this.#logView(signal), store: this.#storeView(signal), close: async () => {} }
  }

  /** Whatever has it open now gets no answer any more. */
  cutPower(): void {
    this.#powered.abort()
    this.#powered = new AbortController()
  }

  #logView(power: AbortSignal): Log {
    const { log, interventions } = this
    const whilePowered = async <Result>(run: () => Promise<Result>): Promise<Result> =>
      power.aborted ? never : answer(power, await run())
    return {
      append: (bytes, id) =>
        whilePowered(async () => {
          await interventions.append?.(bytes)
          return power.aborted ? never : await log.append(bytes, id)
        }),
      tail: () => whilePowered(() => log.tail()),
      first: () => whilePowered(() => log.first()),
      read: (from, signal) => log.read(from, signal === undefined ? power : AbortSignal.any([signal, power])),
      trim: (before) =>
        whilePowered(async () => {
          await interventions.trim?.()
          await log.trim(before)
        }),
      close: async () => {},
    }
  }

  #storeView(power: AbortSignal): StateStore {
    const { store, interventions } = this
    return {
      get: (key) => store.get(key),
      scan: (prefix) => store.scan(prefix),
      advance: async (changes) => {
        // Taken at once, as a store does it: the engine goes on and changes what they are made of.
        const taken = Array.from(changes)
        await interventions.advance?.()
        if (power.aborted) return never
        await store.advance(taken)
        return answer(power, undefined)
      },
      close: async () => {},
    }
  }
}

function answer<Result>(power: AbortSignal, result: Result): Promise<Result> | Result {
  return power.aborted ? never : result
}
