// HomeDesk: home's part in every protocol. It decides whether an entry counts, in log order per request, and has the
// last word on it: the record, the reply, the retry.

import type { EffectsBuffer } from './effects.ts'
import type { EngineState } from './engine-state.ts'
import { EntryExecution } from './entry.ts'
import type { Entry } from './entry.ts'
import type { ActorSpace, ExecutionOptions } from './execution.ts'
import { nextAttempt } from './footprint.ts'
import { limits } from './limits.ts'
import type { Missed, Outcome, RunOutcome } from './outcome.ts'
import type { Ownership } from './ownership.ts'
import type { Position } from './position.ts'
import { predictTouches } from './predict-touches.ts'
import type { Program } from './program.ts'
import { RequestQueue } from './request-queue.ts'
import { admissionKey } from './sessions.ts'
import type { Decision } from './sessions.ts'
import { transactionBytes } from './transaction-codec.ts'
import type { Transaction } from './transaction.ts'

/** What home decides: like a session's decision, and `poisoned` where an operator skipped the position. */
export type HomeDecision = Decision | { readonly kind: 'poisoned' }

/** What home decides and concludes for. */
export interface HomeDeskOptions {
  readonly program: Program
  readonly state: EngineState
  readonly effects: EffectsBuffer
  readonly seed: string
  readonly skip: ReadonlySet<Position>
  readonly ownership: Ownership
}

const counts: HomeDecision = { kind: 'counts' }
const poisoned: HomeDecision = { kind: 'poisoned' }

/** Home's decisions and last words, for all partitions of a worker. */
export class HomeDesk {
  readonly #options: HomeDeskOptions
  readonly #requests = new RequestQueue()

  constructor(options: HomeDeskOptions) {
    this.#options = options
  }

  /** Positions that an operator decided to abort. */
  get skip(): ReadonlySet<Position> {
    return this.#options.skip
  }

  /** Whether every earlier entry of the request is concluded. */
  isFirst({ admission }: Entry): boolean {
    return admission === undefined || this.#requests.isEmpty || !this.#requests.has(admissionKey(admission))
  }

  /** Calls back with the decision once every earlier entry of the request is concluded; at once when all are. */
  whenFirst(entry: Entry, decided: (decision: HomeDecision) => void): void {
    if (entry.admission === undefined) decided(this.decide(entry))
    else this.#requests.enter(admissionKey(entry.admission), () => decided(this.decide(entry)))
  }

  /** The decision, when nothing earlier is in flight. */
  decide(entry: Entry): HomeDecision {
    const { admission, transaction, position, logTime } = entry
    const decision =
      admission === undefined ? counts : this.#options.state.sessions.decide(admission, transaction.attempt, logTime)
    return decision.kind === 'counts' && this.#options.skip.has(position) ? poisoned : decision
  }

  /** The last word on an entry that counted. */
  conclude(entry: Entry, outcome: RunOutcome): void {
    if (outcome.kind === 'missed') this.#retry(entry, outcome)
    else this.#answer(entry, outcome)
    this.#leave(entry)
  }

  /** The last word on an entry that did not count. */
  dismiss(entry: Entry, decision: HomeDecision): void {
    if (decision.kind === 'answered') this.#reply(entry, decision.outcome, decision.position)
    this.#leave(entry)
  }

  #answer(entry: Entry, outcome: Outcome): void {
    const { admission, position, transaction } = entry
    if (admission !== undefined) {
      const record = { kind: 'done', generation: admission.generation, position, outcome } as const
      this.#options.state.sessions.record(admission, record, position)
    }
    this.#reply(entry, outcome)
    if (outcome.kind === 'aborted' && transaction.request?.session.startsWith('~') && this.#isLive(entry))
      this.#options.effects.incidents.push({ kind: 'tell-failed', position, reason: outcome.error.message })
  }

  #reply(entry: Entry, outcome: Outcome, counted: Position | undefined = entry.position): void {
    if (!this.#isLive(entry)) return
    const { position, transaction } = entry
    const { attempt, request } = transaction
    this.#options.effects.reply({ position, counted, attempt, request, outcome })
  }

  // Whether the world is to hear of it from here (O2).
  #isLive({ home, position }: Entry): boolean {
    return this.#options.ownership.isLive(home, position)
  }

  #retry(entry: Entry, missed: Missed): void {
    const { state, effects } = this.#options
    const { position } = entry
    const next = nextAttempt(entry.transaction, missed.ref, missed.mode)
    // A transaction can miss only where P > 1, and there every entry has a request.
    const admission = entry.admission!
    state.sessions.record(admission, { kind: 'retry', generation: admission.generation, next }, position)
    // Not by whose it was then: whoever owns home now appends, also when it learns of the miss only after it became the owner.
    if (!this.#options.ownership.isOwner(entry.home)) return
    effects.submissions.push(this.#widened(next, entry))
    const call = entry.transaction.calls[0]!
    const handler = `${call.ref.type}.${call.message}`
    const reason = `${handler} uses ${missed.ref.id}, which it does not declare, so it ran twice. Declare it in touches to make it faster.`
    effects.incidents.push({ kind: 'footprint-missed', position, reason, handler })
  }

  // The next entry may declare more than the recorded retry does (F3), never another attempt.
  #widened(next: Transaction, entry: Entry): Transaction {
    const { program, state } = this.#options
    const run = (space: ActorSpace): ExecutionOptions => new EntryExecution(this.#options.seed, entry, space, false)
    const widened = { ...next, touches: predictTouches(program, next, run, (ref) => state.actors.get(ref)) }
    return transactionBytes(widened) <= limits.transactionBytesMax ? widened : next
  }

  #leave({ admission }: Entry): void {
    // The common entry runs where it was scanned and never entered.
    if (admission !== undefined && !this.#requests.isEmpty) this.#requests.leave(admissionKey(admission))
  }
}
