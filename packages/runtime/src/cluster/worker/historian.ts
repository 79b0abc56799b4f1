// Historian: a whole database on one worker, for those who ask about its past. It starts from the oldest complete checkpoint
// that the log goes on from, executes every partition, answers nobody's calls and appends nothing. So it needs no other
// worker, and what it tells is what any other would tell. It costs the worker what executing the whole log costs, which
// is why there is one only while somebody asks.

import {
  assert,
  Engine,
  StateHistory,
  type Log,
  type Position,
  type Program,
  type Sequence,
  type View,
} from '@streamy-db/core'
import type { ActorRegistry } from '@streamy-db/actors'
import { asError } from '../../as-error.ts'
import type { DatabaseRecord } from '../../database-record.ts'
import { ChangeFeed } from '../../history/change-feed.ts'
import { EmbeddedHistory } from '../../history/embedded-history.ts'
import { HistoryReplay } from '../../history/history-replay.ts'
import { flushPolicy, StateFlusher } from '../../state-flusher.ts'
import { nothingHoldsTheBeginning, type Checkpoints } from './checkpoints.ts'
import { followsOn, headChanges } from './replica-state.ts'
import type { ShelvedStore, StateShelf } from './state-shelf.ts'

/** What a historian works with. */
export interface HistorianOptions {
  readonly log: Log
  readonly checkpoints: Checkpoints
  readonly shelf: Pick<StateShelf, 'create'>
  readonly program: Program
  readonly registry: ActorRegistry
  readonly database: DatabaseRecord
  readonly firstView: View
  readonly skip: ReadonlySet<Position>
  readonly cacheBytesMax: number
  /** Bytes of log from one state that is kept to the next. */
  readonly logBytesMax: number
}

// Beyond the checkpoints that a cluster keeps there is no log, so there need be no states.
const CHECKPOINTS_KEPT = 4

/** Executes a whole database to tell of its past. */
export class Historian {
  readonly past: EmbeddedHistory
  readonly #log: Log
  readonly #engine: Engine
  readonly #feed: ChangeFeed
  readonly #flusher: StateFlusher
  readonly #shelved: ShelvedStore
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #waiting: { readonly sequence: Sequence; readonly done: () => void }[] = []
  #failure: Error | undefined

  /** Finds a state to start from, and starts. Rejects with CHECKPOINT_MISSING when there is none. */
  static async start(options: HistorianOptions): Promise<Historian> {
    const shelved = await options.shelf.create()
    try {
      await fill(shelved, options)
      const { store } = shelved
      const { program, skip, logBytesMax } = options
      const retention = { logBytesMax: CHECKPOINTS_KEPT * logBytesMax, ageUsMax: Infinity }
      const history = await StateHistory.open(store, { ...retention, code: program.fingerprint, skip })
      return new Historian(options, shelved, history)
    } catch (error) {
      await shelved.discard()
      throw error
    }
  }

  private constructor(options: HistorianOptions, shelved: ShelvedStore, history: StateHistory) {
    const { log, program, registry, database, firstView, skip, cacheBytesMax, logBytesMax } = options
    const { store } = shelved
    const { partitions, seed } = database
    this.#log = log
    this.#shelved = shelved
    const shared = { program, partitions, seed, firstView }
    const engine = new Engine({ ...shared, store, owned: () => true, skip, cacheBytesMax })
    const replay = new HistoryReplay({ ...shared, log, history })
    const feed = new ChangeFeed({ engine, replay })
    const policy = flushPolicy(cacheBytesMax, logBytesMax)
    const onFailure = (error: Error): void => this.#fail(error)
    const flusher = new StateFlusher({ engine, store, log: { trim: async () => {} }, history, policy, onFailure })
    this.#engine = engine
    this.#feed = feed
    this.#flusher = flusher
    this.past = new EmbeddedHistory({ registry, program, engine, feed, replay, history, flusher })
    feed.hold()
    this.#running = this.#follow().catch((error: unknown) => this.#fail(asError(error)))
  }

  /** Why it goes on no more, if so. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The last batch that was executed. */
  get scanned(): Sequence {
    return this.#engine.scanned.sequence
  }

  /** Resolves once a batch was executed; with false when `signal` aborted before. */
  async executed(sequence: Sequence, signal: AbortSignal): Promise<boolean> {
    while (this.#engine.scanned.sequence < sequence) {
      if (this.#failure !== undefined) throw this.#failure
      if (signal.aborted) return false
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done)
          resolve()
        }
        signal.addEventListener('abort', done)
        this.#waiting.push({ sequence, done })
      })
    }
    return true
  }

  /** Ends it, and throws away what it held. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#feed.end()
    for (const { done } of this.#waiting.splice(0)) done()
    await this.#running
    await this.#flusher.idle()
    await this.#shelved.discard()
  }

  async #follow(): Promise<void> {
    for await (const entries of this.#log.read(this.#engine.next, this.#stopping.signal))
      for (const entry of entries) {
        if (this.#stopping.signal.aborted) return
        this.#engine.deliver(entry)
        this.#engine.takeEffects()
        // Nobody else executes anything of it, so nothing waits for anybody.
        assert(this.#engine.resolvedBatch === entry.sequence, 'a batch resolves where all partitions are executed')
        this.#flusher.executed(entry.bytes.length)
        this.#feed.executed()
        this.#wake(entry.sequence)
        const full = this.#flusher.poll()
        if (full !== undefined) await full
      }
  }

  #wake(sequence: Sequence): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = waiting.filter((each) => each.sequence > sequence)
    for (const each of waiting) if (each.sequence <= sequence) each.done()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#feed.end(error)
    for (const { done } of this.#waiting.splice(0)) done()
  }
}

async function fill({ store }: ShelvedStore, { log, checkpoints, database }: HistorianOptions): Promise<void> {
  for (const sequence of await checkpoints.complete()) {
    const head = await checkpoints.head(sequence)
    if (!(await followsOn(log, head.progress))) continue
    for (let partition = 0; partition < database.partitions; partition++)
      for await (const changes of checkpoints.load(sequence, partition)) await store.advance(changes)
    return await store.advance(headChanges(head.progress, head.view))
  }
  if ((await log.first()) > 1) throw nothingHoldsTheBeginning()
}
