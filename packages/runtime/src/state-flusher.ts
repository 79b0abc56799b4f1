// StateFlusher: brings the state store up to the engine's state in the background, and trims the log behind it
// (DESIGN §8). Recovery replays what was logged since the last flush, so how often it flushes bounds the time that
// takes; how many changed actors it lets pile up bounds memory.
//
// The more changes a flush takes, the less each of them costs: a tree on disk is written page by page, and a flush of few
// among many actors writes a whole page for nearly each. So actors may pile up beyond `changedActorsMax`, up to eight
// times as many, as long as they are small: as large as those of the last flush were on average, they have to stay
// below `changedBytesMax`.
//
// A worker of a cluster keeps what is replaced between flushes, for snapshots. They are small objects that live for seconds,
// which the garbage collector copies twice and marks: with hundreds of megabytes of them it slows everything down for a second.

import { CELL_BYTES } from '@streamy-db/core'
import type { Engine, Log, StateChange, StateHistory, StateStore } from '@streamy-db/core'
import { asError } from './as-error.ts'

/** When a flush is due. */
export interface FlushPolicy {
  /** Changed actors in memory; small ones may be eight times as many. */
  readonly changedActorsMax: number
  /** Bytes of changed actors, by the average of the last flush, up to which they count as small. */
  readonly changedBytesMax: number
  /** Bytes of log since the last flush. */
  readonly logBytesMax: number
  /** Records that newer ones have replaced since the last flush. */
  readonly replacedRecordsMax: number
}

/** What a flusher works with. */
export interface FlusherOptions {
  readonly engine: Pick<Engine, 'changedActors' | 'replacedRecords' | 'captureState' | 'stateFlushed'>
  readonly store: StateStore
  readonly log: Pick<Log, 'trim'>
  /** What each flush leaves behind of the state before it, and how much of the log is kept with it; none unless stated. */
  readonly history?: Pick<StateHistory, 'capture' | 'flushed' | 'oldest'>
  readonly policy: FlushPolicy
  /** Told when a flush in the background fails. */
  readonly onFailure: (error: Error) => void
}

const CHANGED_ACTORS_MAX = 50_000
const CHANGED_BYTES_MAX = 64 * 1024 * 1024
// Some 50 MB where actors are small.
const REPLACED_RECORDS_MAX = 250_000

/** The policy of a worker with a cache of so many bytes. */
export function flushPolicy(cacheBytesMax: number, logBytesMax: number): FlushPolicy {
  const changedActorsMax = Math.min(CHANGED_ACTORS_MAX, Math.ceil(cacheBytesMax / 2 / CELL_BYTES))
  return {
    changedActorsMax,
    changedBytesMax: CHANGED_BYTES_MAX,
    logBytesMax,
    replacedRecordsMax: REPLACED_RECORDS_MAX,
  }
}

/** How many times `changedActorsMax` small actors may be. */
const SMALL_ACTORS_FACTOR = 8

/** Flushes one engine's state. */
export class StateFlusher {
  readonly #options: FlusherOptions
  #bytes = 0
  #actorsMax: number
  #flushing: Promise<void> | undefined

  constructor(options: FlusherOptions) {
    this.#options = options
    this.#actorsMax = options.policy.changedActorsMax
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
    const full = engine.changedActors >= this.#actorsMax
    if (!full && this.#bytes < policy.logBytesMax && engine.replacedRecords < policy.replacedRecordsMax)
      return undefined
    if (this.#flushing !== undefined) return full ? this.#flushing : undefined
    this.flush().catch((error: unknown) => onFailure(asError(error)))
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
    const written = { changes: 0, bytes: 0 }
    const { progress } = capture
    const changes = (): Iterable<StateChange> => counted(capture.changes(), written)
    await store.advance(history?.capture({ progress, changes }, bytes) ?? changes())
    engine.stateFlushed()
    history?.flushed()
    this.#adapt(written)
    // The last applied entry stays: at the next opening it proves that log and state belong together (L6).
    await log.trim(history?.oldest.sequence ?? capture.progress.sequence)
  }

  // With what a change took on average this time.
  #adapt({ changes, bytes }: Written): void {
    const { changedActorsMax, changedBytesMax } = this.#options.policy
    const smallActors = Math.floor((changedBytesMax / Math.max(1, bytes)) * changes)
    this.#actorsMax = Math.max(changedActorsMax, Math.min(changedActorsMax * SMALL_ACTORS_FACTOR, smallActors))
  }
}

interface Written {
  changes: number
  bytes: number
}

function* counted(changes: Iterable<StateChange>, written: Written): Iterable<StateChange> {
  for (const change of changes) {
    written.changes += 1
    written.bytes += change.key.length + (change.value?.length ?? 0)
    yield change
  }
}
