// Commit: one committed write as the engine performs it, and the collector that puts those of a stretch of log into the
// order of positions. It holds references to immutable records, so taking note of a write copies nothing. Who reads
// commits, and how far back, is the runtime's business.
//
// C1 What is taken is in the order of positions, and whole: nothing at or below `upTo` follows later.
// C2 An actor is named once a position, with what was there before and after it; what leaves it as it was is left out.

import type { ActorRecord } from './actor-record.ts'
import type { LogTime, Position } from './position.ts'
import type { ActorRef } from './transaction.ts'

/** A committed write of one actor; `undefined` stands for an actor that is absent. */
export interface Commit {
  /** Of the transaction; the timers of one batch share one. */
  readonly position: Position
  readonly logTime: LogTime
  readonly ref: ActorRef
  readonly before: ActorRecord | undefined
  readonly after: ActorRecord | undefined
}

/** Takes note of a write as it is committed. Writes of one actor come in order, others as they resolve. */
export type CommitSink = (commit: Commit) => void

/** Gathers commits and hands them out in order; see C1 and C2. */
export class CommitCollector {
  #commits: Commit[] = []

  /** To be given to `Engine.onCommit`. */
  readonly sink: CommitSink = (commit) => this.#commits.push(commit)

  /** All commits at or below `upTo`, to where everything has resolved. */
  take(upTo: Position = Infinity): Commit[] {
    if (this.#commits.length === 0) return none
    const taken = this.#commits.filter(({ position }) => position <= upTo)
    this.#commits = taken.length === this.#commits.length ? [] : this.#commits.filter(({ position }) => position > upTo)
    return folded(taken)
  }
}

const none: Commit[] = []

// Sorting is stable: what one actor went through at one position stays in order.
function folded(commits: Commit[]): Commit[] {
  commits.sort((a, b) => a.position - b.position)
  const result: Commit[] = []
  for (let start = 0; start < commits.length;) {
    let end = start + 1
    while (end < commits.length && commits[end]!.position === commits[start]!.position) end += 1
    if (end === start + 1) addChanged(result, commits[start]!)
    else for (const commit of foldedByActor(commits.slice(start, end))) addChanged(result, commit)
    start = end
  }
  return result
}

function foldedByActor(commits: readonly Commit[]): Iterable<Commit> {
  const byActor = new Map<string, Commit>()
  for (const commit of commits) {
    const first = byActor.get(commit.ref.id)
    byActor.set(commit.ref.id, first === undefined ? commit : { ...first, after: commit.after })
  }
  return byActor.values()
}

function addChanged(result: Commit[], commit: Commit): void {
  if (commit.before !== commit.after) result.push(commit)
}
