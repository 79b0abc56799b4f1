// Execution: the workspace of one transaction while its handlers run. It hands out slots for actors within the
// footprint, counts depth, draws random numbers, and gathers what a commit would do: writes, tells, timers. Nothing
// it holds is visible to anyone before `finish`; dropping it is the abort.
//
// A nested call that throws into a handler that catches is undone through savepoints: whoever changes something in
// the workspace registers the way back with `onRollback`.

import type { ActorRecord, ActorValue, Timer } from './actor-record.ts'
import type { Datum } from './datum.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'
import type { LogTime, Position } from './position.ts'
import { Random } from './random.ts'
import type { Program } from './program.ts'
import { assertTellable } from './tell-transaction.ts'
import { sameActor } from './transaction.ts'
import type { AccessMode, ActorRef, Call } from './transaction.ts'

/** Thrown through handlers when they reach beyond the footprint; sticky, whoever catches it. */
export class FootprintMiss extends Error {
  readonly ref: ActorRef
  readonly mode: AccessMode

  constructor(ref: ActorRef, mode: AccessMode) {
    super(`${ref.id} is outside the declared footprint; the transaction is tried again with it`)
    this.name = 'FootprintMiss'
    this.ref = ref
    this.mode = mode
  }
}

/** Where an execution gets committed records from, and what it may touch. */
export interface ActorSpace {
  /** The record as of the transaction, undefined when absent. Throws {@link FootprintMiss} beyond the footprint. */
  load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined
}

/** What a commit does to one actor: a new record, or undefined for a destroyed one. */
export interface Write {
  readonly ref: ActorRef
  readonly after: ActorRecord | undefined
}

/** One actor within one execution; once that has finished, also what its commit does to the actor. */
export class Slot implements Write {
  readonly ref: ActorRef
  /** As committed before the transaction; undefined when the actor was absent. */
  readonly record: ActorRecord | undefined
  readonly execution: Execution
  /** `write` once a message has entered it. */
  mode: AccessMode
  /** The program's working form of the actor; undefined until the program first enters it, and after a destroy. */
  body: unknown = undefined
  /** Whether the last thing that happened to it was `destroy`. */
  destroyed = false
  /** Whether it was destroyed at any time here: what it was before is gone even when it lives again. */
  reborn = false
  timers: readonly Timer[]
  /** What the commit leaves; `record` itself where it writes nothing. */
  after: ActorRecord | undefined

  constructor(ref: ActorRef, record: ActorRecord | undefined, mode: AccessMode, execution: Execution) {
    this.ref = ref
    this.record = record
    this.mode = mode
    this.execution = execution
    this.timers = record === undefined ? noTimers : record.timers
    this.after = record
  }
}

/** A one-way message to be sent on commit. */
export interface Tell {
  readonly call: Call
  readonly ordinal: number
}

/** What one run reads and runs under. */
export interface ExecutionOptions {
  readonly position: Position
  readonly logTime: LogTime
  /** Seeds `random`: the database's seed and the identity of the request, timer or tell. */
  readonly seed: string
  readonly space: ActorSpace
  /** Queries only: a message or a tell throws QUERY_WRITES. */
  readonly readOnly?: boolean
  /** Votes only: each call may use no actor but its own, even one that another call of the transaction uses. */
  readonly confined?: boolean
}

// Ordinals of one call follow each other; calls are far enough apart never to meet.
const ORDINALS_PER_CALL = 65_536
const noTimers: readonly Timer[] = Object.freeze([])
const noTells: readonly Tell[] = Object.freeze([])
const noSlots: readonly Slot[] = Object.freeze([])
const noResults: readonly Datum[] = Object.freeze([])

/** The workspace of one transaction; made for it and dropped after it. */
export class Execution {
  readonly position: Position
  readonly logTime: LogTime
  readonly readOnly: boolean
  /** How many calls lie within one another; 0 outside handlers. */
  depth = 0
  /** The first actor that was missed, if any: then the outcome is a retry, whatever the handler did. */
  missed: FootprintMiss | undefined = undefined
  /** Set when an actor could not be loaded: then there is no outcome, whatever the handler did. */
  broken: { readonly cause: unknown } | undefined = undefined
  /** The actors it has touched, in that order. */
  slots: readonly Slot[] = noSlots
  /** Of the calls that ran to their end, in order. */
  results: readonly Datum[] = noResults

  readonly #program: Program
  // Read when it is needed: most handlers draw no numbers, and the seed is a text to be put together.
  readonly #options: ExecutionOptions
  #tells: Tell[] | undefined = undefined
  #confinedTo: string | undefined = undefined
  #slotsById: Map<string, Slot> | undefined = undefined
  #random: Random | undefined = undefined
  #callIndex = 0
  #ordinal = 0
  #journal: (() => void)[] | undefined = undefined

  constructor(program: Program, options: ExecutionOptions) {
    this.#program = program
    this.#options = options
    this.position = options.position
    this.logTime = options.logTime
    this.readOnly = options.readOnly === true
  }

  /** Messages to be sent on commit, in the order in which they were told. */
  get tells(): readonly Tell[] {
    return this.#tells ?? noTells
  }

  /** Log time as handlers see it, in milliseconds. */
  get now(): number {
    return Math.floor(this.logTime / 1000)
  }

  /** Runs the transaction's call number `index` as a message. Randomness and ordinals depend on nothing before it. */
  runCall(call: Call, index: number): Datum {
    this.#callIndex = index
    this.#ordinal = index * ORDINALS_PER_CALL
    this.#random = undefined
    this.#journal = undefined
    if (this.#options.confined === true) this.#confinedTo = call.ref.id
    const result = this.enter(call, 'write')
    this.results = appended(this.results, result)
    return result
  }

  /** Runs a query from outside any handler. */
  runQuery(call: Call): Datum {
    return this.enter(call, 'read')
  }

  /**
   * Runs a call on another actor, or on the first one: a message with mode `write`, a query with `read`. What it
   * throws has undone all that it did.
   */
  enter(call: Call, mode: AccessMode): Datum {
    if (this.depth >= limits.callDepthMax) throw tooDeep(call.ref)
    if (mode === 'write' && this.readOnly) throw queryWrites(call)
    const slot = this.slot(call.ref, mode)
    const { body, destroyed } = slot
    const mark = this.#journal === undefined ? 0 : this.#journal.length
    this.depth += 1
    try {
      return mode === 'write' ? this.#program.runMessage(call, slot, this) : this.#program.runQuery(call, slot, this)
    } catch (error) {
      this.#rollback(mark)
      // Waking the actor is taken back here, so that the program need not register it for the call that wakes it.
      slot.body = body
      slot.destroyed = destroyed
      throw error
    } finally {
      this.depth -= 1
    }
  }

  /** The slot of an actor, with at least `mode`. Throws {@link FootprintMiss}, and remembers that it did. */
  slot(ref: ActorRef, mode: AccessMode): Slot {
    if (this.#confinedTo !== undefined && ref.id !== this.#confinedTo) throw this.#miss(new FootprintMiss(ref, mode))
    const known = this.#find(ref)
    if (known !== undefined && (known.mode === 'write' || mode === 'read')) return known
    const record = this.#load(ref, mode)
    if (known !== undefined) {
      known.mode = mode
      return known
    }
    const slot = new Slot(ref, record, mode, this)
    this.slots = appended(this.slots, slot)
    this.#slotsById?.set(ref.id, slot)
    return slot
  }

  /** Registers how to take back a change of the workspace; runs, newest first, when an enclosing call throws. */
  onRollback(undo: () => void): void {
    if (this.#journal === undefined) this.#journal = [undo]
    else this.#journal.push(undo)
  }

  /** A number in [0, 1), the same for all attempts of one request. */
  random(): number {
    return this.#generator().next()
  }

  /** A version 4 UUID drawn from `random`. */
  uuid(): string {
    return this.#generator().uuid()
  }

  /** Fills `bytes` from `random`. */
  randomFill(bytes: Uint8Array): void {
    this.#generator().fill(bytes)
  }

  /** Sends `call` on commit, as a transaction of its own. */
  tell(call: Call): void {
    if (this.readOnly) throw queryWrites(call)
    const tells = (this.#tells ??= [])
    const count = tells.length
    if (count >= limits.tellsPerTransactionMax) throw tooMany('tells', limits.tellsPerTransactionMax)
    this.onRollback(() => (tells.length = count))
    tells.push({ call, ordinal: this.#nextOrdinal() })
  }

  /** Sets a timer on the actor in `slot`, due `delayUs` after this transaction's log time. */
  setTimer(slot: Slot, delayUs: number, message: string, args: readonly Datum[]): Timer {
    if (this.readOnly) throw queryWrites({ ref: slot.ref, message, args })
    if (slot.timers.length >= limits.timersPerActorMax) throw tooMany('timers', limits.timersPerActorMax)
    const timer: Timer = {
      position: this.position,
      ordinal: this.#nextOrdinal(),
      due: this.logTime + delayUs,
      message,
      args,
    }
    this.#changeTimers(slot, [...slot.timers, timer])
    return timer
  }

  /** Takes back a timer of the actor in `slot`; false when it already ran or never was. */
  cancelTimer(slot: Slot, position: Position, ordinal: number): boolean {
    if (this.readOnly) throw queryWrites({ ref: slot.ref, message: 'cancel', args: [] })
    const rest = slot.timers.filter((timer) => timer.position !== position || timer.ordinal !== ordinal)
    if (rest.length === slot.timers.length) return false
    this.#changeTimers(slot, rest)
    return true
  }

  /** Destroys the actor in `slot` with its timers. A later message of the same transaction creates it anew. */
  destroy(slot: Slot): void {
    if (this.readOnly) throw queryWrites({ ref: slot.ref, message: 'destroy', args: [] })
    const { body, destroyed, reborn } = slot
    this.onRollback(() => Object.assign(slot, { body, destroyed, reborn }))
    Object.assign(slot, { body: undefined, destroyed: true, reborn: true })
    this.#changeTimers(slot, noTimers)
  }

  /** What a commit at this position writes, in the order in which the actors were first touched. */
  finish(): readonly Write[] {
    const { slots } = this
    let written = 0
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index]!
      if (slot.mode === 'write') this.#settle(slot)
      if (slot.after !== slot.record) written += 1
    }
    if (this.#tells !== undefined) for (const { call } of this.#tells) assertTellable(this.#program, call)
    // Mostly all that was touched is written, and then no list of it is made.
    return written === slots.length ? slots : slots.filter(({ after, record }) => after !== record)
  }

  #checkTimers({ ref, timers }: Slot): void {
    for (const { position, message, args } of timers)
      if (position === this.position) assertTellable(this.#program, { ref, message, args })
  }

  #settle(slot: Slot): void {
    slot.after = slot.destroyed ? undefined : this.#recordOf(slot)
    if (slot.timers.length > 0) this.#checkTimers(slot)
  }

  #recordOf(slot: Slot): ActorRecord | undefined {
    const before = slot.record
    // An actor whose message never started has no body and nothing to write.
    const value: ActorValue | undefined = slot.body === undefined ? before?.value : this.#program.settle(slot)
    if (value === undefined) return before
    if (before !== undefined && value === before.value && slot.timers === before.timers && !slot.reborn) return before
    return { version: this.position, value, timers: slot.timers }
  }

  #find(ref: ActorRef): Slot | undefined {
    if (this.#slotsById !== undefined) return this.#slotsById.get(ref.id)
    const { slots } = this
    for (let index = 0; index < slots.length; index++) if (sameActor(slots[index]!.ref, ref)) return slots[index]
    if (slots.length >= 8) this.#slotsById = new Map(slots.map((slot) => [slot.ref.id, slot]))
    return undefined
  }

  #load(ref: ActorRef, mode: AccessMode): ActorRecord | undefined {
    try {
      return this.#options.space.load(ref, mode)
    } catch (error) {
      if (error instanceof FootprintMiss) throw this.#miss(error)
      this.broken ??= { cause: error }
      throw error
    }
  }

  #miss(miss: FootprintMiss): FootprintMiss {
    this.missed ??= miss
    return miss
  }

  // What was rolled back or cancelled has used up its ordinal too, so a loop can run out of them.
  #nextOrdinal(): number {
    const ordinal = this.#ordinal
    if ((ordinal + 1) % ORDINALS_PER_CALL === 0)
      throw tooMany('tells and timers, those taken back included,', ORDINALS_PER_CALL - 1)
    this.#ordinal += 1
    return ordinal
  }

  #changeTimers(slot: Slot, timers: readonly Timer[]): void {
    const before = slot.timers
    this.onRollback(() => (slot.timers = before))
    slot.timers = timers
  }

  #rollback(mark: number): void {
    const journal = this.#journal
    if (journal !== undefined) while (journal.length > mark) journal.pop()?.()
  }

  #generator(): Random {
    this.#random ??= new Random(`${this.#options.seed}/${this.#callIndex}`)
    return this.#random
  }
}

// Most lists here end with one item or two, and an array literal is a tenth of what the first `push` allocates.
function appended<Item>(list: readonly Item[], item: Item): readonly Item[] {
  if (list.length === 0) return [item]
  if (list.length === 1) return [list[0]!, item]
  // Made here, by the line above, for this execution alone.
  ;(list as Item[]).push(item)
  return list
}

function tooDeep(ref: ActorRef): StreamyError {
  return new StreamyError(
    'CALL_DEPTH_EXCEEDED',
    `The call to ${ref.id} is more than ${limits.callDepthMax} calls deep. Break the recursion, or use tell.`,
  )
}

function tooMany(what: string, most: number): StreamyError {
  return new StreamyError(
    'TRANSACTION_INVALID',
    `A transaction may hold at most ${most} ${what} here. Spread them out.`,
  )
}

function queryWrites(call: Call): StreamyError {
  return new StreamyError(
    'QUERY_WRITES',
    `A query tried to change ${call.ref.id} (${call.message}). Make it a message, or take the change out.`,
  )
}
