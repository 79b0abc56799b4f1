// TimerRunner: runs due timers at index 0 of each batch, before the batch's nodes of their actors (DESIGN §11).
//
// Where P = 1 nothing is ever unresolved, so all due timers run at once in the order of due time and identity. Where
// P > 1 an actor's timers stand in its queue as one node per batch, which may have to be queued late: a timer that was
// set by a transaction still in flight becomes known when that resolves, and runs in the first batch that had reached
// it all the same.

import type { ActorRecord, Timer } from './actor-record.ts'
import type { EngineState } from './engine-state.ts'
import type { ActorSpace } from './execution.ts'
import { LockNode } from './key-transaction-processor.ts'
import { limits } from './limits.ts'
import type { Aborted } from './outcome.ts'
import { positionOf, sequenceOf } from './position.ts'
import type { Position, Sequence } from './position.ts'
import type { Program } from './program.ts'
import { isEligible, runTimer } from './run-timer.ts'
import type { Progress } from './state-format.ts'
import { sameTimer } from './timer-queue.ts'
import { refOfId } from './transaction.ts'
import type { ActorRef, Transaction } from './transaction.ts'

/** What the runner needs of the engine. */
export interface TimerHost {
  readonly program: Program
  readonly seed: string
  /** P = 1: every actor may be used and nothing is unresolved. */
  readonly sequential: boolean
  /** Positions that an operator decided to abort; a batch's timers run at its index 0. */
  readonly skip: ReadonlySet<Position>
  /** Whether an actor's partition is executed here in batch `sequence`; its timers run elsewhere if not. */
  executesAt(ref: ActorRef, sequence: Sequence): boolean
  enqueue(ref: ActorRef, node: LockNode): void
  commitRecord(ref: ActorRef, record: ActorRecord | undefined, position: number): void
  addTell(tell: Transaction, position: number): void
  /** A timer's handler threw, or was skipped; nobody waits for it. */
  timerFailed(ref: ActorRef, timer: Timer, failure: Aborted, position: Position): void
}

interface DueTimer {
  readonly ref: ActorRef
  readonly timer: Timer
}

/** Runs the timers of one worker. */
export class TimerRunner {
  readonly #host: TimerHost
  readonly #state: EngineState
  // The runs that stand in an actor's queue, as `<batch>/<actor id>`: never two of one actor for one batch, since they
  // would count their runs, and number what these send, apart from each other.
  readonly #queued = new Set<string>()

  constructor(host: TimerHost, state: EngineState) {
    this.#host = host
    this.#state = state
  }

  /** Runs, or queues, what is due at the start of a batch. */
  begin(batch: Progress): void {
    const due = this.#state.timers.popDue(batch.logTime)
    if (due.length === 0) return
    const refs = due.map(refOfId).filter((ref) => this.#host.executesAt(ref, batch.sequence))
    if (this.#host.sequential) this.#runAll(refs, batch)
    else for (const ref of refs) this.#enqueue(ref, batch)
  }

  /** Sees to it that new timers run in the first batch that reaches them, be it scanned or to come. */
  schedule(ref: ActorRef, timers: readonly Timer[]): void {
    for (const timer of timers) {
      const sequence = this.#state.batchReaching(timer.due, sequenceOf(timer.position))
      if (sequence === undefined) this.#state.timers.push(timer.due, ref.id)
      else this.#enqueue(ref, this.#state.batch(sequence))
    }
  }

  #runAll(refs: readonly ActorRef[], batch: Progress): void {
    const due = refs.flatMap((ref) => this.#eligible(ref, batch).map((timer) => ({ ref, timer }))).sort(compareDue)
    const runsOf = new Map<string, number>()
    let run = 0
    for (const { ref, timer } of due) {
      const record = this.#state.actors.get(ref)
      if (record === undefined || !record.timers.some((other) => sameTimer(other, timer))) continue
      const runs = runsOf.get(ref.id) ?? 0
      if (runs === limits.timerRunsPerActorMax) this.#state.timers.push(timer.due, ref.id)
      else {
        runsOf.set(ref.id, runs + 1)
        this.#run(ref, record, timer, batch, run++)
      }
    }
  }

  #enqueue(ref: ActorRef, batch: Progress): void {
    if (!this.#host.executesAt(ref, batch.sequence)) return
    const name = `${batch.sequence}/${ref.id}`
    if (this.#queued.has(name)) return
    this.#queued.add(name)
    const run = (): boolean => {
      this.#queued.delete(name)
      this.#runActor(ref, batch)
      return true
    }
    this.#host.enqueue(ref, new LockNode(positionOf(batch.sequence, 0), { kind: 'run', run }))
  }

  #runActor(ref: ActorRef, batch: Progress): void {
    for (let run = 0; run < limits.timerRunsPerActorMax; run++) {
      const timer = this.#eligible(ref, batch)[0]
      if (timer === undefined) return
      this.#run(ref, this.#state.actors.get(ref)!, timer, batch, run)
    }
    this.#defer(ref, batch)
  }

  // What is over the limit runs in the next batch, which may have been scanned.
  #defer(ref: ActorRef, batch: Progress): void {
    const rest = this.#eligible(ref, batch)[0]
    if (rest === undefined) return
    const next = this.#state.batchReaching(0, batch.sequence)
    if (next === undefined) this.#state.timers.push(rest.due, ref.id)
    else this.#enqueue(ref, this.#state.batch(next))
  }

  #eligible(ref: ActorRef, batch: Progress): Timer[] {
    const position = positionOf(batch.sequence, 0)
    const timers = this.#state.actors.get(ref)?.timers ?? []
    return timers.filter((timer) => isEligible(timer, position, batch.logTime)).sort(compareTimers)
  }

  #run(ref: ActorRef, record: ActorRecord, timer: Timer, batch: Progress, run: number): void {
    const position = positionOf(batch.sequence, 0)
    const { program, seed, sequential, skip } = this.#host
    const effects = runTimer({
      program,
      seed,
      ref,
      record,
      timer,
      run,
      position,
      logTime: batch.logTime,
      space: this.#space,
      partition: this.#state.partitionOf(ref),
      confined: !sequential,
      skipped: skip.has(position),
    })
    for (const write of effects.writes) this.#host.commitRecord(write.ref, write.after, position)
    for (const tell of effects.tells) this.#host.addTell(tell, position)
    if (effects.failure !== undefined) this.#host.timerFailed(ref, timer, effects.failure, position)
  }

  readonly #space: ActorSpace = { load: (ref) => this.#state.actors.get(ref) }
}

function compareDue(a: DueTimer, b: DueTimer): number {
  return compareTimers(a.timer, b.timer) || (a.ref.id < b.ref.id ? -1 : 1)
}

function compareTimers(a: Timer, b: Timer): number {
  return a.due - b.due || a.position - b.position || a.ordinal - b.ordinal
}
