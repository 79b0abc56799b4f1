// StateFlusher: brings the state store up to the engine's state in the background, and trims the log behind it
// (DESIGN §8). Recovery replays what was logged since the last flush, so how often it flushes bounds the time that
// takes; how many changed actors it lets pile up bounds memory.

import type { Engine, Log, StateHistory, StateStore } from '@streamy-db/core'

/** When a flush is due. */
export interface FlushPolicy {
  /** Changed actors in memory. */
  readonly changedActorsMax: number
  /** Bytes of log since the last flush. */
  readonly logBytesMax: number
}

/** What a flusher works with. */
export interface FlusherOptions {
  readonly engine: Pick<Engine, 'changedActors' | 'captureState' | 'stateFlushed'>
  readonly store: StateStore
  readonly log: Pick<Log, 'trim'>
  /** What each flush leaves behind of the state before it, and how much of the log is kept with it; none unless stated. */
  readonly history?: Pick<StateHistory, 'capture' | 'flushed' | 'oldest'>
  readonly policy: FlushPolicy
  /** Told when a flush in the background fails. */
  readonly onFailure: (error: Error) => void
}

/** Flushes one engine's state. */
export class StateFlusher {
  readonly #options: FlusherOptions
  #bytes = 0
  #flushing: Promise<void> | undefined

  constructor(options: FlusherOptions) {
    this.#options = options
  }

  /** Takes note of an entry that was executed. */
  executed(bytes: number): void {
    this.#bytes += bytes
  }

  /**
   * Starts a flush if one is due. The returned promise, if any, must be awaited before more is executed: so much has
   * changed while the last flush was under way that memory would grow.
   */
  poll(): Promise<void> | undefined {
    const { engine, policy, onFailure } = this.#options
    const full = engine.changedActors >= policy.changedActorsMax
    if (!full && this.#bytes < policy.logBytesMax) return undefined
    if (this.#flushing !== undefined) return full ? this.#flushing : undefined
    this.flush().catch((error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))))
    return undefined
  }

  /** Waits for a flush under way, whatever becomes of it. */
  async idle(): Promise<void> {
    await this.#flushing?.catch(() => {})
  }

  /** Flushes all that has resolved, after a flush under way. Rejects with what the store failed with. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
    this.#flushing = this.#flush()
    try {
      await this.#flushing
    } finally {
      this.#flushing = undefined
    }
  }

  async #flush(): Promise<void> {
    const { engine, store, log, history } = this.#options
    const capture = engine.captureState()
    if (capture === undefined) return
    const bytes = this.#bytes
    this.#bytes = 0
    await store.advance(history?.capture(capture, bytes) ?? capture.changes())
    engine.stateFlushed()
    history?.flushed()
    // The last applied entry stays: at the next opening it proves that log and state belong together (L6).
    await log.trim(history?.oldest.sequence ?? capture.progress.sequence)
  }
}
