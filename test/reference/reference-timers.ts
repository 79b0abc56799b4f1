// The timers that run at the start of a batch, one after the other (DESIGN §11).

import {
  Execution,
  FootprintMiss,
  limits,
  sequenceOf,
  type ActorRecord,
  type ActorRef,
  type Call,
  type LogTime,
  type Position,
  type Program,
  type Tell,
  type Timer,
  type Touch,
  type Write,
} from '@streamy-db/core'
import { sortableNumber } from '@streamy-db/core/testing'
import { sendTell, touchesOf } from './reference-outbox.ts'
import { attempt, ReferenceSpace } from './reference-run.ts'
import type { ReferenceState } from './reference-state.ts'

/** What the timers of one batch run under. */
export interface TimerContext {
  readonly program: Program
  readonly partitions: number
  readonly seed: string
  /** Index 0 of the batch. */
  readonly position: Position
  readonly logTime: LogTime
  /** Whether an operator skipped the position: then no handler runs. */
  readonly skipped: boolean
}

interface DueTimer {
  readonly ref: ActorRef
  readonly timer: Timer
}

/** When the next timer of a partition is due. */
export function nextDueOf(state: ReferenceState): LogTime | undefined {
  const dues = [...state.actors.values()].flatMap(({ record }) => record.timers.map((timer) => timer.due))
  return dues.length === 0 ? undefined : Math.min(...dues)
}

/** Runs the due timers of one partition: in one order where it is the only one, else each actor by itself. */
export function runTimers(state: ReferenceState, context: TimerContext): void {
  const runsByActor = new Map<string, number>()
  let runs = 0
  for (const { ref, timer } of dueTimers(state, context)) {
    const ownRuns = runsByActor.get(ref.id) ?? 0
    if (ownRuns === limits.timerRunsPerActorMax || !isPending(state, ref, timer)) continue
    runTimer(state, ref, timer, context.partitions === 1 ? runs : ownRuns, context)
    runsByActor.set(ref.id, ownRuns + 1)
    runs += 1
  }
}

// In the order of their runs. Where P > 1 a handler never leaves its actor, so one order over all actors does as well
// as one order for each.
function dueTimers(state: ReferenceState, { position, logTime }: TimerContext): DueTimer[] {
  const timers = [...state.actors.values()].flatMap(({ ref, record }) => record.timers.map((timer) => ({ ref, timer })))
  return timers
    .filter(({ timer }) => sequenceOf(timer.position) < sequenceOf(position) && timer.due <= logTime)
    .toSorted(
      (a, b) =>
        a.timer.due - b.timer.due ||
        a.timer.position - b.timer.position ||
        a.timer.ordinal - b.timer.ordinal ||
        (a.ref.id < b.ref.id ? -1 : 1),
    )
}

function runTimer(state: ReferenceState, ref: ActorRef, timer: Timer, run: number, context: TimerContext): void {
  const { program, partitions, position, skipped } = context
  const call: Call = { ref, message: timer.message, args: timer.args }
  const suffix = `${ref.id}.${sortableNumber(timer.position)}.${timer.ordinal}`
  const before = state.actors.get(ref.id)!.record
  if (skipped) return state.apply({ ref, after: withoutTimer(before, timer, position) })
  const touches = partitions === 1 ? [] : touchesOf(program, call)
  const ran = touches.length > 0 ? undefined : runHandler(state, call, timer, run, context)
  if (ran === undefined || 'missed' in ran) {
    const declared = ran === undefined ? touches : withMissed(touches, ran.missed)
    state.apply({ ref, after: withoutTimer(before, timer, position) })
    sendTell(state, position, suffix, call, declared)
  } else if ('thrown' in ran) {
    state.apply({ ref, after: withoutTimer(before, timer, position) })
  } else {
    for (const write of ran.writes) state.apply(write)
    for (const tell of ran.tells)
      sendTell(state, position, `${suffix}.${tell.ordinal}`, tell.call, touchesOf(program, tell.call))
  }
}

type HandlerRun =
  | { readonly writes: readonly Write[]; readonly tells: readonly Tell[] }
  | { readonly thrown: unknown }
  | { readonly missed: FootprintMiss }

function runHandler(
  state: ReferenceState,
  call: Call,
  timer: Timer,
  run: number,
  { program, partitions, seed, position, logTime }: TimerContext,
): HandlerRun {
  const space = new ReferenceSpace(
    (ref) => state.actors.get(ref.id)?.record,
    (ref) => partitions === 1 || ref.id === call.ref.id,
  )
  const timerSeed = `${seed}/timer/${call.ref.id}/${sortableNumber(timer.position)}.${timer.ordinal}`
  const execution = new Execution(program, { position, logTime, seed: timerSeed, space })
  execution.cancelTimer(execution.slot(call.ref, 'write'), timer.position, timer.ordinal)
  const ran = attempt(program, () => execution.runCall(call, run))
  if (execution.missed !== undefined) return { missed: execution.missed }
  if ('thrown' in ran) return ran
  const finished = attempt(program, () => execution.finish())
  return 'thrown' in finished ? finished : { writes: finished.value, tells: execution.tells }
}

function isPending(state: ReferenceState, ref: ActorRef, timer: Timer): boolean {
  return state.actors.get(ref.id)?.record.timers.some((other) => isSame(other, timer)) ?? false
}

function withoutTimer(record: ActorRecord, timer: Timer, position: Position): ActorRecord {
  return { version: position, value: record.value, timers: record.timers.filter((other) => !isSame(other, timer)) }
}

function isSame(a: Timer, b: Timer): boolean {
  return a.position === b.position && a.ordinal === b.ordinal
}

function withMissed(touches: readonly Touch[], { ref, mode }: FootprintMiss): Touch[] {
  return [...touches.filter((touch) => touch.ref.id !== ref.id), { ref, mode }]
}
