// EmbeddedHistory: the past of a database in this process. The newest comes out of the running engine's memory, the rest
// is replayed.

import { setImmediate as turn } from 'node:timers/promises'
import { decodeError, type ActorRegistry } from '@streamy-db/actors'
import { HistoryTrimmed, limits, sequenceOf, StreamyError } from '@streamy-db/core'
import type { Call, Commit, Datum, Engine, EngineSnapshot, Position, Program, StateHistory } from '@streamy-db/core'
import type { StateFlusher } from '../state-flusher.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { HistoryPort, PastSnapshot, PresentActors, TypeNames } from './history-port.ts'
import type { CommittedStretch, HistoryReplay } from './history-replay.ts'
import type { PresentListing } from './present-listing.ts'
import { checkMoment, positionUnknown } from './moment.ts'

/** What it is the past of. */
export interface EmbeddedHistoryOptions {
  readonly registry: ActorRegistry
  readonly program: Program
  readonly engine: Engine
  readonly feed: ChangeFeed
  readonly replay: HistoryReplay
  readonly history: StateHistory
  readonly flusher: Pick<StateFlusher, 'flush'>
}

/** The past of an engine. */
export class EmbeddedHistory implements HistoryPort {
  readonly #options: EmbeddedHistoryOptions
  // Snapshots of the engine's state, in the order in which they were opened.
  readonly #inMemory = new Set<EngineSnapshot>()

  constructor(options: EmbeddedHistoryOptions) {
    this.#options = options
  }

  now(): Position {
    return this.#options.engine.resolved
  }

  async *read(types: TypeNames, from: Position, signal: AbortSignal): AsyncIterable<CommittedStretch> {
    const { feed, engine } = this.#options
    if (sequenceOf(from) > engine.scanned.sequence) throw positionUnknown(from, this.now())
    const isWanted = this.#filter(types)
    for await (const { commits, ...rest } of feed.read(from, signal))
      yield { commits: commits.filter(({ ref }) => isWanted(ref.type)), ...rest }
  }

  async present(types: TypeNames, signal: AbortSignal): Promise<PresentActors> {
    const listing = await this.list(types)
    return { position: listing.position, commits: inPortions(listing, signal) }
  }

  /** What is there now, to be read bit by bit. */
  async list(types: TypeNames): Promise<PresentListing> {
    const { flusher, history, replay, registry } = this.#options
    await flusher.flush()
    const own = [...registry.definitions].filter(({ internal }) => !internal).map(({ name }) => name)
    return replay.present(history.newest, types ?? own)
  }

  async snapshot(moment: Position | Date): Promise<PastSnapshot> {
    checkMoment(moment)
    const { engine, replay } = this.#options
    if (moment instanceof Date) {
      const timeUs = moment.getTime() * 1000 + 999
      if (timeUs >= engine.scanned.logTime) return this.#current(this.now())
      return this.#replayed(await replay.positionAt(timeUs, engine.scanned.sequence))
    }
    if (moment >= engine.resolved) {
      if (sequenceOf(moment) > engine.scanned.sequence) throw positionUnknown(moment, this.now())
      return this.#current(moment)
    }
    return this.#replayed(moment)
  }

  // Out of memory, as long as that lasts.
  #current(position: Position): PastSnapshot {
    const { engine } = this.#options
    const [oldest] = this.#inMemory
    if (oldest !== undefined && this.#inMemory.size >= limits.viewsInMemoryMax) this.#close(oldest)
    const snapshot = engine.snapshot()
    this.#inMemory.add(snapshot)
    let replayed: Promise<PastSnapshot> | undefined
    return {
      position,
      logTime: snapshot.logTime,
      query: async (call) => {
        if (this.#inMemory.has(snapshot)) {
          try {
            return this.#ask(snapshot, call)
          } catch (error) {
            if (!isExpired(error)) throw error
            this.#close(snapshot)
          }
        }
        replayed ??= this.#replayed(position)
        return await (await replayed).query(call)
      },
      close: () => this.#close(snapshot),
    }
  }

  #close(snapshot: EngineSnapshot): void {
    this.#inMemory.delete(snapshot)
    snapshot.close()
  }

  async #replayed(position: Position): Promise<PastSnapshot> {
    const snapshot = await this.#options.replay.snapshot(position)
    const { logTime } = snapshot
    return { position, logTime, query: async (call) => this.#ask(snapshot, call), close: () => snapshot.close() }
  }

  // What a query throws reaches the caller as what a message throws: a fresh error, sharing nothing with the actor.
  #ask(snapshot: EngineSnapshot, call: Call): Datum {
    try {
      return snapshot.query(call).value
    } catch (error) {
      if (error instanceof HistoryTrimmed || isExpired(error)) throw error
      throw decodeError(this.#options.program.encodeError(error))
    }
  }

  #filter(types: TypeNames): (type: string) => boolean {
    if (types !== undefined) return (type) => types.has(type)
    const { registry } = this.#options
    const internal = new Set([...registry.definitions].filter((each) => each.internal).map(({ name }) => name))
    return (type) => !internal.has(type)
  }
}

async function* inPortions(listing: PresentListing, signal: AbortSignal): AsyncGenerator<readonly Commit[]> {
  for (let start = 0; start < listing.length && !signal.aborted; start += limits.commitsAtOnceMax) {
    yield listing.read(start)
    await turn()
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof StreamyError && error.code === 'SNAPSHOT_EXPIRED'
}
