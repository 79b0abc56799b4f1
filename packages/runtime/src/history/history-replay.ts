// HistoryReplay: what happened, computed again. It takes the state as of a boundary of the history, runs the log behind
// it on an engine of its own, and so has every commit, and the state at every position, without anything having been
// written down when it happened. It answers nobody and appends nothing.
//
// Code that has changed since cannot run what it did not write. A stretch between two boundaries that other code executed
// is told as one merged change for each actor, from what the boundaries say of it.

import { setImmediate as turn } from 'node:timers/promises'
import {
  CommitCollector,
  decodeActorRecord,
  endOfBatch,
  Engine,
  HistoryTrimmed,
  indexOf,
  keyPrefixes,
  limits,
  openBatch,
  partitionPrefix,
  refOfId,
  sequenceOf,
  StreamyError,
} from '@streamy-db/core'
import type {
  ActorRecord,
  ActorRef,
  Boundary,
  Commit,
  EngineSnapshot,
  Log,
  LogEntry,
  Position,
  Program,
  Sequence,
  StateHistory,
  View,
} from '@streamy-db/core'
import { PresentListing } from './present-listing.ts'

/** What is replayed, and with what. */
export interface HistoryReplayOptions {
  readonly program: Program
  readonly partitions: number
  readonly seed: string
  readonly log: Log
  readonly history: StateHistory
  /** The view before the first batch of the log, on a cluster. */
  readonly firstView?: View
}

/** Commits in the order of positions, and the position up to which they are all. */
export interface CommittedStretch {
  readonly commits: readonly Commit[]
  readonly upTo: Position
  /** Commits of one actor may have been merged: the code that made them is gone. */
  readonly merged?: true
}

/** Where an iteration ends: at the first batch that nobody wants any more. */
export type IsEnough = (next: Sequence) => boolean

/** Replays a history. */
export class HistoryReplay {
  readonly #options: HistoryReplayOptions

  constructor(options: HistoryReplayOptions) {
    this.#options = options
  }

  /** What was committed behind a position, with what else its batch holds, until it is enough. Throws HISTORY_TRIMMED. */
  async *commits(from: Position, isEnough: IsEnough, signal: AbortSignal): AsyncGenerator<CommittedStretch> {
    const { history, program } = this.#options
    const whole = await this.#wholeBatches(from)
    // Whoever reads has to hear that there is nothing left of that batch.
    if (whole >= sequenceOf(from + 1)) yield { commits: [], upTo: endOfBatch(whole) }
    let next = whole + 1
    while (!isEnough(next) && !signal.aborted) {
      const boundary = history.before(next - 1)
      const end = history.after(boundary.sequence)
      const stretches =
        boundary.code !== program.fingerprint && end !== undefined
          ? [this.#merged(boundary, end)]
          : this.#replay(boundary, next, isEnough, signal)
      for await (const stretch of stretches) {
        yield stretch
        next = sequenceOf(stretch.upTo) + 1
      }
    }
  }

  /** The state as of a position that was executed. Throws HISTORY_TRIMMED, and CODE_MISMATCH where other code was at work. */
  async snapshot(position: Position): Promise<EngineSnapshot> {
    const { history, program } = this.#options
    const sequence = sequenceOf(position)
    const boundary = history.before(await this.#wholeBatches(position))
    const engine = this.#engine(boundary)
    // It may lie behind the position's batch, where that has nothing left behind the position.
    if (boundary.sequence >= sequence) return engine.snapshotBefore([], position)
    if (boundary.code !== program.fingerprint) throw otherCode(boundary, history.after(boundary.sequence))
    const collector = new CommitCollector()
    for await (const entry of entriesFrom(this.#options, boundary.sequence)) {
      if (entry.sequence === sequence) engine.onCommit = collector.sink
      engine.deliver(entry)
      engine.takeEffects()
      if (entry.sequence === sequence) break
    }
    const undone = collector.take().filter((commit) => commit.position > position)
    return engine.snapshotBefore(undone, position)
  }

  /** The last position at or before a log time, up to batch `last`. Throws HISTORY_TRIMMED. */
  async positionAt(timeUs: number, last: Sequence): Promise<Position> {
    const { history } = this.#options
    const boundary = history.boundaries.findLast(({ logTime }) => logTime <= timeUs)
    if (boundary === undefined) throw new HistoryTrimmed(endOfBatch(history.oldest.sequence))
    let { sequence, logTime } = boundary
    if (sequence >= last) return endOfBatch(sequence)
    for await (const entry of entriesFrom(this.#options, boundary.sequence)) {
      logTime = Math.max(entry.appendTime, logTime + 1)
      if (logTime > timeUs) break
      sequence = entry.sequence
      if (sequence >= last) break
    }
    return endOfBatch(sequence)
  }

  /** Every actor of some types as of a boundary. */
  present(boundary: Boundary, types: Iterable<string>): PresentListing {
    return new PresentListing(this.#options, boundary, types)
  }

  // How many batches lie wholly at or before a position.
  async #wholeBatches(position: Position): Promise<Sequence> {
    const { log, history } = this.#options
    const sequence = Math.max(sequenceOf(position + 1) - 1, 0)
    const next = history.boundaries.find((boundary) => boundary.sequence === sequence + 1)
    if (next === undefined || (await log.first()) > next.sequence) return sequence
    // The state behind the next batch is at hand: has that batch anything left behind the position?
    for await (const { bytes } of entriesFrom(this.#options, sequence)) {
      const batch = openBatch(bytes)
      return batch.kind === 'transactions' && batch.count > indexOf(position) ? sequence : next.sequence
    }
    return sequence
  }

  async *#replay(
    boundary: Boundary,
    first: Sequence,
    isEnough: IsEnough,
    signal: AbortSignal,
  ): AsyncGenerator<CommittedStretch> {
    const { history } = this.#options
    const engine = this.#engine(boundary)
    const collector = new CommitCollector()
    let gathered = 0
    for await (const entry of entriesFrom(this.#options, boundary.sequence, signal)) {
      if (entry.sequence === first)
        engine.onCommit = (commit) => {
          gathered += 1
          collector.sink(commit)
        }
      engine.deliver(entry)
      engine.takeEffects()
      if (entry.sequence < first) continue
      // What the engine has changed stays in memory, so where there is a boundary another engine begins.
      const ends = isEnough(entry.sequence + 1) || history.after(boundary.sequence)?.sequence === entry.sequence
      if (!ends && gathered < limits.commitsAtOnceMax) continue
      gathered = 0
      yield { commits: collector.take(), upTo: endOfBatch(entry.sequence) }
      if (ends) return
    }
  }

  #merged(from: Boundary, to: Boundary): CommittedStretch {
    const { history, partitions } = this.#options
    const [before, after] = [history.at(from), history.at(to)]
    const commits: Commit[] = []
    for (let partition = 0; partition < partitions; partition++) {
      const prefix = partitionPrefix(keyPrefixes.actor, partition)
      for (const key of history.replacedBehind(from, prefix)) {
        const ref = refOfId(key.slice(prefix.length))
        const records = { before: this.#record(ref, before.get(key)), after: this.#record(ref, after.get(key)) }
        const position = records.after?.version ?? endOfBatch(to.sequence)
        commits.push({ position, logTime: to.logTime, ref, ...records })
      }
    }
    commits.sort((a, b) => a.position - b.position)
    return { commits, upTo: endOfBatch(to.sequence), merged: true }
  }

  #record(ref: ActorRef, bytes: Uint8Array | undefined): ActorRecord | undefined {
    return bytes === undefined ? undefined : decodeActorRecord(this.#options.program, ref, Uint8Array.from(bytes))
  }

  #engine(boundary: Boundary): Engine {
    const { log: _, history, ...rest } = this.#options
    return new Engine({ ...rest, store: history.at(boundary), owned: () => true, skip: history.skipped })
  }
}

// Bytes of log after which others have their turn.
const BYTES_PER_TURN = 256 * 1024

async function* entriesFrom(
  { log, history }: HistoryReplayOptions,
  sequence: Sequence,
  signal?: AbortSignal,
): AsyncGenerator<LogEntry> {
  let bytes = 0
  try {
    for await (const entries of log.read(sequence + 1, signal)) {
      for (const entry of entries) {
        if (signal?.aborted === true) return
        yield entry
        bytes += entry.bytes.length
        if (bytes < BYTES_PER_TURN) continue
        bytes = 0
        await turn()
      }
    }
  } catch (error) {
    if (error instanceof StreamyError && error.code === 'LOG_TRIMMED')
      throw new HistoryTrimmed(endOfBatch(history.oldest.sequence))
    throw error
  }
}

function otherCode({ sequence }: Boundary, end: Boundary | undefined): StreamyError {
  const near = [sequence, ...(end === undefined ? [] : [end.sequence])].map(endOfBatch)
  return new StreamyError(
    'CODE_MISMATCH',
    'Other code executed what the view would be computed from. Views of that time are to be had at the positions ' +
      `${near.join(' and ')}, or with that code.`,
  )
}
