// RequestDesk: the requests of a client that have no answer yet. It numbers them, hands them to the submitter, matches
// replies, and asks the owner of home for those that do not come.
//
// D1 A request is settled once: by the first reply, its deadline, or the log's refusal. Repeats are ignored.
// D2 It is handed to the log once. Asking for its outcome never appends anything.
// D3 `answeredBelow` never passes a request that somebody waits for.
// D4 Under an idempotency key, session and sequence are functions of the key, and nothing is ever said to be answered:
//    home keeps the outcome until the session expires.

import { partitionOf, StreamyError, type Call, type Log, type MessageBus, type PartitionId } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { keyedSequence, keyedSession } from '../../keyed-session.ts'
import { AlarmQueue } from '../alarm-queue.ts'
import { nextWait, type Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import { decodeClientMessage, type RepliesMessage, type RequestReply } from '../protocol/client-message.ts'
import type { Intake } from '../protocol/intake.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'
import { encodeQuestion } from '../protocol/question.ts'
import { appendFailed, requestDeadline } from './client-errors.ts'
import type { Draft } from './draft.ts'
import { JoinedWaiters, PendingRequest, type RequestWaiter } from './pending-request.ts'
import { PendingRequests } from './pending-requests.ts'
import { RequestSubmitter } from './request-submitter.ts'
import type { Seen } from './seen.ts'
import { SequenceWindow } from './sequence-window.ts'

/** What a desk works with. */
export interface RequestDeskOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly intake: Intake
  readonly log: Log
  readonly seen: Seen
  readonly databaseId: string
  readonly partitions: number
  readonly session: string
  /** What the sessions of idempotency keys begin with. */
  readonly sessionPrefix: string
  readonly patience: Patience
  /** Told of requests that took more than one attempt. */
  readonly onMissed: (calls: readonly Call[]) => void
  /** Told whenever a request has ended. */
  readonly onEnded: () => void
}

/** When a request is submitted, and when its caller stops waiting, by the clock. */
export interface RequestTimes {
  readonly now: number
  readonly deadline: number
}

interface KeyedRequest {
  readonly request: PendingRequest
  readonly waiters: JoinedWaiters
  readonly unlisten: () => void
}

// Of how many answers the mean is taken, roughly, and how many times that a request waits before it is asked for.
const TYPICAL_OVER = 64
const TYPICAL_WAITED = 4
// Of these the log promises that nothing was appended.
const certainRefusals: ReadonlySet<string> = new Set(['OVERLOADED', 'BATCH_TOO_LARGE'])

/** Requests without an answer; see D1 to D4. */
export class RequestDesk {
  readonly #options: RequestDeskOptions
  readonly #submitter: RequestSubmitter<PendingRequest>
  readonly #window = new SequenceWindow()
  readonly #pending = new PendingRequests()
  /** By their sessions. */
  readonly #keyed = new Map<string, KeyedRequest>()
  /** Those who wait for them. */
  #keyedCalls = 0
  /** Sequences, and sessions of keyed requests: a request that was settled long ago should not be kept by its alarm. */
  readonly #alarms: AlarmQueue<number | string>
  /** How long answers take nowadays: a running mean. */
  #typicalUs = 0

  constructor(options: RequestDeskOptions) {
    this.#options = options
    const onRefused = (requests: readonly PendingRequest[], cause: unknown): void => {
      for (const request of requests) this.#fail(request, refusalOf(request, cause))
    }
    const unanswered = (): number => this.#pending.count + this.#keyed.size
    const answerUs = (): number => this.#typicalUs
    this.#submitter = new RequestSubmitter({ ...options, unanswered, answerUs, onRefused })
    this.#alarms = new AlarmQueue(options.clock, (due, now) => this.#due(due, now))
  }

  /** How many calls have no answer. */
  get count(): number {
    return this.#pending.count + this.#keyedCalls
  }

  /** Submits a request of this client's session. Throws VALUE_TOO_LARGE; then nothing was submitted. */
  submit(draft: Draft, { now: submittedAt, deadline }: RequestTimes, waiter: RequestWaiter): void {
    const { session } = this.#options
    const sequence = this.#window.take()
    const request = new PendingRequest({ session, sequence, calls: draft.calls, submittedAt, deadline, waiter })
    try {
      this.#hand(request, draft, this.#window.answeredBelow)
    } catch (error) {
      this.#window.answered(sequence)
      throw error
    }
    this.#pending.add(request)
    this.#wait(request, submittedAt)
  }

  /**
   * Submits a request under an idempotency key; while one is under way under it, joins that one. Throws VALUE_TOO_LARGE;
   * then nothing was submitted.
   */
  submitKeyed(draft: Draft, { now: submittedAt, deadline }: RequestTimes, key: string, waiter: RequestWaiter): void {
    const session = keyedSession(this.#options.sessionPrefix, key)
    const underway = this.#keyed.get(session)
    if (underway !== undefined) {
      this.#keyedCalls += 1
      return underway.waiters.join(waiter)
    }
    const waiters = new JoinedWaiters()
    waiters.join(waiter)
    const { calls } = draft
    const sequence = keyedSequence
    const request = new PendingRequest({ session, sequence, calls, submittedAt, deadline, waiter: waiters })
    this.#hand(request, draft, 0)
    const address = addresses.reply(this.#options.databaseId, session)
    const unlisten = this.#options.intake.listen(address, decodeClientMessage, (message) => {
      if (message.kind === 'replies') this.#takeFor(message, () => this.#keyed.get(session)?.request)
    })
    this.#keyed.set(session, { request, waiters, unlisten })
    this.#keyedCalls += 1
    this.#wait(request, submittedAt)
  }

  /** Takes replies to this client's session (D1). */
  take(message: RepliesMessage): void {
    this.#takeFor(message, (sequence) => this.#pending.get(sequence))
  }

  /** These partitions have a new owner: asks it at once for what is missing. */
  askAgain(partitions: ReadonlySet<PartitionId>): void {
    this.#ask(this.#all().filter((request) => partitions.has(this.#homeOf(request))))
  }

  /** Ends everything that waits with `error`. */
  fail(error: Error): void {
    for (const request of this.#all()) this.#fail(request, error)
    this.#alarms.clear()
    this.#submitter.close()
  }

  #hand(request: PendingRequest, { asserts, calls, touches }: Draft, answeredBelow: number): void {
    const { session, sequence } = request
    const identity = { session, sequence, suffix: '', answeredBelow, seenTime: this.#options.seen.logTime }
    const transaction = { request: identity, attempt: 1, source: undefined, asserts, calls, touches }
    this.#submitter.submit(transaction, request)
  }

  // Where answers take longer than patience lasts, asking for those on their way would make all of them take longer still.
  #wait(request: PendingRequest, now: number): void {
    const { patience, session } = this.#options
    const usual = Math.min(TYPICAL_WAITED * this.#typicalUs, patience.mostUs)
    request.waitedUs = Math.max(nextWait(patience, request.waitedUs), usual)
    const key = request.session === session ? request.sequence : request.session
    this.#alarms.add(Math.min(now + request.waitedUs, request.deadline), key)
  }

  #takeFor({ replies, logTime }: RepliesMessage, find: (sequence: number) => PendingRequest | undefined): void {
    const { clock, seen } = this.#options
    const now = clock.now()
    for (const reply of replies) {
      const request = find(reply.sequence)
      if (request?.sequence !== reply.sequence) continue
      seen.note(reply.position, logTime, request.submittedAt)
      this.#settle(request, reply, now)
    }
    this.#submitter.answered()
  }

  #settle(request: PendingRequest, { missed, outcome, position }: RequestReply, now: number): void {
    this.#typicalUs += (now - request.submittedAt - this.#typicalUs) / TYPICAL_OVER
    if (missed) this.#options.onMissed(request.calls)
    if (this.#end(request)) request.waiter.answered(outcome, position)
  }

  #fail(request: PendingRequest, error: Error): void {
    if (this.#end(request)) request.waiter.failed(error)
  }

  // Lets go of a request; false when it had ended before (D1).
  #end(request: PendingRequest): boolean {
    const { session, sequence } = request
    if (session === this.#options.session) {
      if (!this.#pending.delete(sequence)) return false
      this.#window.answered(sequence)
    } else {
      const keyed = this.#keyed.get(session)
      if (keyed?.request !== request) return false
      this.#keyed.delete(session)
      this.#keyedCalls -= keyed.waiters.count
      keyed.unlisten()
    }
    this.#options.onEnded()
    return true
  }

  #due(keys: readonly (number | string)[], now: number): void {
    const patient: PendingRequest[] = []
    for (const key of keys) {
      const request = typeof key === 'number' ? this.#pending.get(key) : this.#keyed.get(key)?.request
      if (request === undefined) continue
      if (request.deadline <= now) this.#fail(request, requestDeadline(request.id, request.calls))
      else patient.push(request)
    }
    this.#ask(patient)
    for (const request of patient) this.#wait(request, now)
  }

  #ask(requests: readonly PendingRequest[]): void {
    const { bus, databaseId } = this.#options
    for (const { session, home, sequences } of questionsFor(requests, (request) => this.#homeOf(request))) {
      const question = encodeQuestion({ kind: 'outcomes', session, sequences })
      bus.send(addresses.question(databaseId, home), question)
    }
  }

  #homeOf({ calls }: PendingRequest): PartitionId {
    return partitionOf(calls[0]!.ref, this.#options.partitions)
  }

  #all(): PendingRequest[] {
    return [...this.#pending.values(), ...[...this.#keyed.values()].map(({ request }) => request)]
  }
}

function refusalOf(request: PendingRequest, cause: unknown): Error {
  const certain = cause instanceof StreamyError && certainRefusals.has(cause.code)
  return certain ? cause : appendFailed(request.id, request.calls, cause)
}

interface OutcomesQuestion {
  readonly session: string
  readonly home: PartitionId
  readonly sequences: number[]
}

// One question for each session and home, and more where there are more requests than one may name.
function questionsFor(
  requests: readonly PendingRequest[],
  homeOf: (request: PendingRequest) => PartitionId,
): OutcomesQuestion[] {
  const questions: OutcomesQuestion[] = []
  const open = new Map<string, OutcomesQuestion>()
  for (const request of requests) {
    const { session, sequence } = request
    const home = homeOf(request)
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
