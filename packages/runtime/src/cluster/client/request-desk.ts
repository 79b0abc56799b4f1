// RequestDesk: the requests of a client that have no answer yet. It numbers them, hands them to the submitter, matches
// replies, and asks the owner of home for those that do not come.
//
// D1 A request is settled once: by the first reply, its deadline, or the log's refusal. Repeats are ignored.
// D2 It is handed to the log once. Asking for its outcome never appends anything.
// D3 `answeredBelow` never passes a request that somebody waits for.
// D4 Under an idempotency key, session and sequence are functions of the key, and nothing is ever said to be answered:
//    home keeps the outcome until the session expires.

import { homeOf, type MessageBus, type PartitionId } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { keyedSequence, keyedSession } from '../../keyed-session.ts'
import { AlarmQueue } from '../alarm-queue.ts'
import { nextWait, type Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import { decodeClientMessage, type ReplyMessage } from '../protocol/client-message.ts'
import type { Intake } from '../protocol/intake.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'
import { encodeQuestion } from '../protocol/question.ts'
import { requestDeadline } from './client-errors.ts'
import { transactionOf, type Draft } from './draft.ts'
import { PendingRequest, type Answered, type RequestFacts } from './pending-request.ts'
import type { RequestSubmitter } from './request-submitter.ts'
import type { Seen } from './seen.ts'
import { SequenceWindow } from './sequence-window.ts'

/** What a desk works with. */
export interface RequestDeskOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly intake: Intake
  readonly submitter: RequestSubmitter
  readonly seen: Seen
  readonly databaseId: string
  readonly partitions: number
  readonly session: string
  /** What the sessions of idempotency keys begin with. */
  readonly sessionPrefix: string
  readonly patience: Patience
  /** Told of requests that took more than one attempt. */
  readonly onMissed: (draft: Draft) => void
}

// Of how many answers the mean is taken, roughly, and how many times that a request waits before it is asked for.
const TYPICAL_OVER = 64
const TYPICAL_WAITED = 4

/** Requests without an answer; see D1 to D4. */
export class RequestDesk {
  readonly #options: RequestDeskOptions
  readonly #window = new SequenceWindow()
  readonly #pending = new Map<number, PendingRequest>()
  readonly #keyed = new Map<string, { readonly request: PendingRequest; readonly answer: Promise<Answered> }>()
  readonly #alarms: AlarmQueue<PendingRequest>
  /** How long answers take nowadays: a running mean. */
  #typicalUs = 0

  constructor(options: RequestDeskOptions) {
    this.#options = options
    this.#alarms = new AlarmQueue(options.clock, (due, now) => this.#due(due, now))
  }

  /** How many requests have no answer. */
  get count(): number {
    return this.#pending.size + this.#keyed.size
  }

  /** Submits a request of this client's session. Rejects with VALUE_TOO_LARGE when it was too large to be sent. */
  submit(draft: Draft, deadline: number): Promise<Answered> {
    const { session } = this.#options
    const sequence = this.#window.take()
    const facts = this.#facts(session, sequence, draft, deadline)
    return new Promise((resolve, reject) => {
      const request = new PendingRequest(facts, { resolve, reject }, () => {
        this.#pending.delete(sequence)
        this.#window.answered(sequence)
      })
      this.#pending.set(sequence, request)
      this.#hand(request, this.#window.answeredBelow)
    })
  }

  /** Submits a request under an idempotency key; while one is under way under it, joins that one. */
  submitKeyed(draft: Draft, deadline: number, key: string): Promise<Answered> {
    const session = keyedSession(this.#options.sessionPrefix, key)
    const underway = this.#keyed.get(session)
    if (underway !== undefined) return underway.answer
    const { promise: answer, ...waiter } = promiseOf<Answered>()
    const facts = this.#facts(session, keyedSequence, draft, deadline)
    const address = addresses.reply(this.#options.databaseId, session)
    const unlisten = this.#options.intake.listen(address, decodeClientMessage, (message) => {
      if (message.kind === 'reply' && message.sequence === keyedSequence) this.#settle(request, message)
    })
    const request = new PendingRequest(facts, waiter, () => {
      this.#keyed.delete(session)
      unlisten()
    })
    this.#keyed.set(session, { request, answer })
    this.#hand(request, 0)
    return answer
  }

  /** Takes a reply to this client's session (D1). */
  take(reply: ReplyMessage): void {
    this.#settle(this.#pending.get(reply.sequence), reply)
  }

  /** These partitions have a new owner: asks it at once for what is missing. */
  askAgain(partitions: ReadonlySet<PartitionId>): void {
    this.#ask(this.#all().filter(({ facts }) => partitions.has(facts.home)))
  }

  /** Ends everything that waits with `error`. */
  fail(error: Error): void {
    for (const request of this.#all()) request.fail(error)
    this.#alarms.clear()
  }

  #facts(session: string, sequence: number, draft: Draft, deadline: number): RequestFacts {
    const { clock, partitions } = this.#options
    const home = homeOf(transactionOf(draft), partitions)
    return { session, sequence, home, draft, submittedAt: clock.now(), deadline }
  }

  #hand(request: PendingRequest, answeredBelow: number): void {
    const { submitter, seen } = this.#options
    const { session, sequence, draft } = request.facts
    const identity = { session, sequence, suffix: '', answeredBelow, seenTime: seen.logTime }
    try {
      submitter.submit({ ...transactionOf(draft), request: identity }, request)
    } catch (error) {
      // What the builder throws are errors: it was too large.
      request.fail(error as Error)
      return
    }
    this.#wait(request, request.facts.submittedAt)
  }

  // Where answers take longer than patience lasts, asking for those on their way would make all of them take longer still.
  #wait(request: PendingRequest, now: number): void {
    const { patience } = this.#options
    const usual = Math.min(TYPICAL_WAITED * this.#typicalUs, patience.mostUs)
    request.waitedUs = Math.max(nextWait(patience, request.waitedUs), usual)
    this.#alarms.add(Math.min(now + request.waitedUs, request.facts.deadline), request)
  }

  #settle(request: PendingRequest | undefined, reply: ReplyMessage): void {
    if (request === undefined || reply.suffix !== '') return
    const { submittedAt, draft } = request.facts
    this.#typicalUs += (this.#options.clock.now() - submittedAt - this.#typicalUs) / TYPICAL_OVER
    this.#options.seen.note(reply.position, reply.logTime, submittedAt)
    if (reply.missed) this.#options.onMissed(draft)
    request.settle({ outcome: reply.outcome, position: reply.position })
  }

  #due(due: readonly PendingRequest[], now: number): void {
    const waiting = due.filter(({ ended }) => !ended)
    for (const request of waiting)
      if (request.facts.deadline <= now) request.fail(requestDeadline(request.id, request.facts.draft.calls))
    const patient = waiting.filter(({ ended }) => !ended)
    this.#ask(patient)
    for (const request of patient) this.#wait(request, now)
  }

  #ask(requests: readonly PendingRequest[]): void {
    const { bus, databaseId } = this.#options
    for (const { session, home, sequences } of questionsFor(requests)) {
      const question = encodeQuestion({ kind: 'outcomes', session, sequences })
      bus.send(addresses.question(databaseId, home), question)
    }
  }

  #all(): PendingRequest[] {
    return [...this.#pending.values(), ...[...this.#keyed.values()].map(({ request }) => request)]
  }
}

function promiseOf<Value>(): { readonly promise: Promise<Value> } & {
  readonly resolve: (value: Value) => void
  readonly reject: (error: Error) => void
} {
  let resolve!: (value: Value) => void
  let reject!: (error: Error) => void
  const promise = new Promise<Value>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  return { promise, resolve, reject }
}

interface OutcomesQuestion {
  readonly session: string
  readonly home: PartitionId
  readonly sequences: number[]
}

// One question for each session and home, and more where there are more requests than one may name.
function questionsFor(requests: readonly PendingRequest[]): OutcomesQuestion[] {
  const questions: OutcomesQuestion[] = []
  const open = new Map<string, OutcomesQuestion>()
  for (const { facts } of requests) {
    const { session, home, sequence } = facts
    const address = `${home}/${session}`
    const question = open.get(address)
    if (question !== undefined && question.sequences.length < protocolLimits.sequencesPerQuestionMax) {
      question.sequences.push(sequence)
      continue
    }
    const next = { session, home, sequences: [sequence] }
    open.set(address, next)
    questions.push(next)
  }
  return questions
}
