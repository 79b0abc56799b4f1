// Runs one due timer of one actor as a transaction of its own at index 0 of a batch. Whatever its handler does, the
// timer is gone afterwards.

import type { ActorRecord, Timer } from './actor-record.ts'
import { Execution } from './execution.ts'
import type { ActorSpace, Tell, Write } from './execution.ts'
import { nextAttempt } from './footprint.ts'
import type { Aborted } from './outcome.ts'
import type { LogTime, PartitionId, Position } from './position.ts'
import type { Program } from './program.ts'
import { abortWith, poisonedOutcome } from './run-transaction.ts'
import { sortableNumber } from './state-format.ts'
import { sameTimer } from './timer-queue.ts'
import { tellTransaction } from './tell-transaction.ts'
import type { ActorRef, Call, Transaction } from './transaction.ts'

/** What it takes to run a timer. */
export interface TimerRun {
  readonly program: Program
  readonly seed: string
  readonly ref: ActorRef
  /** The actor as of now; it holds the timer. */
  readonly record: ActorRecord
  readonly timer: Timer
  /** Number of runs before this one at the same position that could collide with it. */
  readonly run: number
  readonly position: Position
  readonly logTime: LogTime
  readonly space: ActorSpace
  readonly partition: PartitionId
  /** Whether the handler may use no other actor (P > 1). */
  readonly confined: boolean
  /** Whether an operator skipped the position: then no handler runs. */
  readonly skipped: boolean
}

/** What a timer's run does. */
export interface TimerEffects {
  readonly writes: readonly Write[]
  readonly tells: readonly Transaction[]
  /** What its handler threw; nobody waits for it. */
  readonly failure?: Aborted
}

/** Runs a timer. Throws what is not an outcome. */
export function runTimer(run: TimerRun): TimerEffects {
  if (run.skipped) return { writes: [withoutTimer(run)], tells: [], failure: poisonedOutcome }
  const call: Call = { ref: run.ref, message: run.timer.message, args: run.timer.args }
  const asTell = tellTransaction(run.program, run.partition, run.position, suffixOf(run), call)
  if (run.confined && asTell.touches.length > 0) return { writes: [withoutTimer(run)], tells: [asTell] }
  const execution = new Execution(run.program, { ...run, seed: `${run.seed}/timer/${seedOf(run)}` })
  let failure: Aborted | undefined
  try {
    const effects = runHandler(run, call, execution)
    if (execution.missed === undefined) return effects
  } catch (thrown) {
    failure = abortWith(execution, run.program, 0, thrown)
  }
  if (execution.missed === undefined) return { writes: [withoutTimer(run)], tells: [], failure: failure! }
  const { ref, mode } = execution.missed
  const tell: Transaction = { ...asTell, touches: nextAttempt(asTell, ref, mode).touches }
  return { writes: [withoutTimer(run)], tells: [tell] }
}

/** Whether a timer may run in the batch that starts at `position`. */
export function isEligible(timer: Timer, position: Position, logTime: LogTime): boolean {
  return timer.due <= logTime && timer.position < position
}

function runHandler(run: TimerRun, call: Call, execution: Execution): TimerEffects {
  const slot = execution.slot(run.ref, 'write')
  execution.cancelTimer(slot, run.timer.position, run.timer.ordinal)
  execution.runCall(call, run.run)
  const writes = execution.finish()
  const tells = execution.tells.map((tell) => tellOf(run, tell))
  return { writes, tells }
}

function tellOf(run: TimerRun, tell: Tell): Transaction {
  return tellTransaction(run.program, run.partition, run.position, `${suffixOf(run)}.${tell.ordinal}`, tell.call)
}

function withoutTimer(run: TimerRun): Write {
  const { ref, record, timer } = run
  const timers = record.timers.filter((other) => !sameTimer(other, timer))
  return { ref, after: { version: run.position, value: record.value, timers } }
}

function suffixOf(run: TimerRun): string {
  return `${run.ref.id}.${timerName(run.timer)}`
}

function seedOf(run: TimerRun): string {
  return `${run.ref.id}/${timerName(run.timer)}`
}

function timerName(timer: Timer): string {
  return `${sortableNumber(timer.position)}.${timer.ordinal}`
}
