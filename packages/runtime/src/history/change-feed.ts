// ChangeFeed: the commits of a running engine, for whoever reads along. While nobody does, nothing is recorded. The newest
// commits are kept in memory, so many and no more: a reader who is slower, or begins earlier, has the rest replayed from
// the log, at its own pace. Nobody who reads ever holds the engine up.
//
// F1 A reader sees every commit behind the position it began at once, in the order of positions.
// F2 It is told up to where it has seen everything, also where there was nothing to see.

import { assert, CommitCollector, endOfBatch, limits, sequenceOf } from '@streamy-db/core'
import type { Commit, Engine, Position, Sequence } from '@streamy-db/core'
import type { CommittedStretch, IsEnough } from './history-replay.ts'

/** What a feed is of. */
export interface ChangeFeedOptions {
  readonly engine: Pick<Engine, 'scanned' | 'onCommit'>
  /** Computes again what is not in memory. */
  readonly replay: {
    commits(from: Position, isEnough: IsEnough, signal: AbortSignal): AsyncIterable<CommittedStretch>
  }
  /** Commits kept in memory; `limits.feedCommitsMax` unless stated. */
  readonly commitsMax?: number
}

/** The commits of an engine; see F1 and F2. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #collector = new CommitCollector()
  #readers = 0
  // Of the batches from `first` on; all those behind it were recorded.
  #first: Sequence = 0
  #recent: Commit[] = []
  #waiting: (() => void)[] = []
  readonly #ending = new AbortController()
  #error: Error | undefined

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** Commits in memory. */
  get size(): number {
    return this.#recent.length
  }

  /** The engine has executed a batch to its end. */
  executed(): void {
    if (this.#readers === 0) return
    for (const commit of this.#collector.take()) this.#recent.push(commit)
    this.#trim()
    this.#wake()
  }

  /** Keeps recording, also while nobody reads, until the returned function is called. */
  hold(): () => void {
    this.#enter()
    return () => this.#leave()
  }

  /** Ends all readers, with an error if there is one. */
  end(error?: Error): void {
    this.#error ??= error
    this.#ending.abort()
  }

  /** What is committed behind a position, until `signal` aborts or the feed ends. Throws HISTORY_TRIMMED. */
  async *read(from: Position, aborting: AbortSignal): AsyncGenerator<CommittedStretch> {
    const signal = AbortSignal.any([aborting, this.#ending.signal])
    const aborted = (): void => this.#wake()
    signal.addEventListener('abort', aborted)
    this.#enter()
    try {
      // Where `from` is within a batch, what is behind it there is wanted too.
      let next = Math.max(1, sequenceOf(from + 1))
      let seen = from
      while (!signal.aborted) {
        const isBehind = next < this.#first
        const begin = next
        const stretches = isBehind ? this.#replayed(seen, signal) : [this.#recorded(next)]
        for await (const { commits, upTo, ...rest } of stretches) {
          const wanted = commits.filter(({ position }) => position > from)
          if (upTo >= endOfBatch(next)) yield { commits: wanted, upTo, ...rest }
          next = Math.max(next, sequenceOf(upTo) + 1)
          seen = endOfBatch(next - 1)
        }
        assert(!isBehind || next > begin || signal.aborted, 'a replay says how far it goes')
        if (next > this.#options.engine.scanned.sequence) await this.#more(signal)
      }
      if (this.#error !== undefined) throw this.#error
    } finally {
      signal.removeEventListener('abort', aborted)
      this.#leave()
    }
  }

  #replayed(from: Position, signal: AbortSignal): AsyncIterable<CommittedStretch> {
    return this.#options.replay.commits(from, (sequence) => sequence >= this.#first, signal)
  }

  // As much as is handed out at once, at the end of a batch.
  #recorded(next: Sequence): CommittedStretch {
    const commits: Commit[] = []
    let through = this.#options.engine.scanned.sequence
    for (let index = this.#firstOf(next); index < this.#recent.length; index++) {
      const commit = this.#recent[index]!
      const sequence = sequenceOf(commit.position)
      if (commits.length >= limits.commitsAtOnceMax && sequence > sequenceOf(commits.at(-1)!.position)) {
        through = sequence - 1
        break
      }
      commits.push(commit)
    }
    return { commits, upTo: endOfBatch(through) }
  }

  #firstOf(sequence: Sequence): number {
    let [low, high] = [0, this.#recent.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sequenceOf(this.#recent[middle]!.position) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  #enter(): void {
    this.#readers += 1
    if (this.#readers > 1) return
    const { engine } = this.#options
    this.#first = engine.scanned.sequence + 1
    engine.onCommit = this.#collector.sink
  }

  #leave(): void {
    this.#readers -= 1
    if (this.#readers > 0) return
    this.#options.engine.onCommit = undefined
    this.#collector.take()
    this.#recent = []
  }

  // Half of it goes at once, so that making room costs little.
  #trim(): void {
    const { commitsMax = limits.feedCommitsMax } = this.#options
    if (this.#recent.length <= commitsMax) return
    const oldest = this.#recent[this.#recent.length - Math.ceil(commitsMax / 2) - 1]!
    this.#first = sequenceOf(oldest.position) + 1
    this.#recent = this.#recent.slice(this.#firstOf(this.#first))
  }

  #more(signal: AbortSignal): Promise<void> | undefined {
    if (signal.aborted) return undefined
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
