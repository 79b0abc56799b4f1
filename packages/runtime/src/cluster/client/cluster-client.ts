// ClusterClient: one session of a cluster's client, without anything about actors: transactions into the log and their
// outcomes back, queries, footprints. It wires the parts together and listens for them:
//
//   submit --> Seen fresh? --> footprint first? --> RequestDesk --> RequestSubmitter --> log
//                 Greeter          Questions            ^--- replies ---- bus
//   query  ---------------------> Questions --> bus

import {
  limits,
  partitionOf,
  StreamyError,
  type Call,
  type Log,
  type MessageBus,
  type Outcome,
  type PartitionId,
  type Position,
  type Touch,
} from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import { decodeClientMessage, type ClientMessage, type QueryMessage } from '../protocol/client-message.ts'
import type { HistoryMessage, HistoryQuestionBody } from '../protocol/history-message.ts'
import type { Intake } from '../protocol/intake.ts'
import { decodeNotice } from '../protocol/notice.ts'
import { encodeQuestion, type Freshness } from '../protocol/question.ts'
import type { Welcome } from '../protocol/welcome.ts'
import { Questions, type Asking } from '../questions.ts'
import { clientClosed, overloaded, queryDeadline, unsentDeadline } from './client-errors.ts'
import { clientLimits } from './client-limits.ts'
import { declaresMore, mergedTouches, transactionOf, type Draft } from './draft.ts'
import type { Greeter } from './greeter.ts'
import { MissedMessages } from './missed-messages.ts'
import type { Answered, RequestWaiter } from './pending-request.ts'
import { RequestDesk } from './request-desk.ts'
import { Seen } from './seen.ts'

/** What a client works with. */
export interface ClusterClientOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly intake: Intake
  readonly log: Log
  readonly greeter: Greeter
  readonly welcome: Welcome
  /** When the hello was sent that the welcome answers. */
  readonly greetedAt: number
  readonly session: string
  readonly sessionPrefix: string
  readonly patience: Patience
  /** Calls without an answer, queries included. */
  readonly callsPendingMax: number
}

/** How one request is sent. */
export interface SubmitOptions {
  /** What the clock says: it is read once a call. */
  readonly now: number
  /** By the clock. */
  readonly deadline: number
  /** Whether the calls are known to touch actors that only a worker can name. */
  readonly asksFootprint: boolean
  readonly idempotencyKey: string | undefined
}

/** One session with a cluster. */
export class ClusterClient {
  readonly #options: ClusterClientOptions
  readonly #seen: Seen
  readonly #requests: RequestDesk
  readonly #queries: Questions<QueryMessage>
  readonly #footprints: Questions<readonly Touch[]>
  readonly #history: Questions<HistoryMessage>
  readonly #missed = new MissedMessages()
  readonly #unlisten: (() => void)[]
  readonly #idlers: (() => void)[] = []
  #waiting = 0
  #refreshing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: ClusterClientOptions) {
    const { bus, clock, intake, log, welcome, greetedAt, session } = options
    const { databaseId, partitions, position, logTime } = welcome
    this.#options = options
    this.#seen = new Seen(position, logTime, greetedAt)
    this.#queries = new Questions(options)
    this.#footprints = new Questions(options)
    this.#history = new Questions(options)
    const { sessionPrefix, patience } = options
    const onMissed = (calls: readonly Call[]): void => this.#missed.add(calls)
    const onEnded = (): void => this.#tellIdle()
    const wiring = { bus, clock, intake, log, seen: this.#seen, patience, onMissed, onEnded }
    this.#requests = new RequestDesk({ ...wiring, session, databaseId, partitions, sessionPrefix })
    this.#unlisten = [
      intake.listen(addresses.reply(databaseId, session), decodeClientMessage, (message) => this.#take(message)),
      intake.listen(addresses.notice(databaseId), decodeNotice, ({ partitions: owned }) => this.#ownerChanged(owned)),
    ]
  }

  /** The name of this session, in the log and at the bus. */
  get session(): string {
    return this.#options.session
  }

  /** A position that covers all this session has seen. */
  get position(): Position {
    return this.#seen.position
  }

  get partitions(): number {
    return this.#options.welcome.partitions
  }

  /**
   * Appends a transaction and tells `waiter` its outcome, or DEADLINE_EXCEEDED, or what the log refused it with. Throws, or
   * tells, OVERLOADED, VALUE_TOO_LARGE and DATABASE_CLOSED. It makes no promises of its own: calls are many, and each has
   * one already.
   */
  submit(draft: Draft, options: SubmitOptions, waiter: RequestWaiter): void {
    this.#assertRoom()
    if (this.#seen.isFresh(options.now) && !this.#asksFootprint(draft, options)) this.#send(draft, options, waiter)
    else void this.#submitLater(draft, options, waiter)
  }

  /** As `submit`, for whoever waits with a promise. */
  submitted(draft: Draft, options: SubmitOptions): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const answered = (outcome: Outcome, position: Position): void => resolve({ outcome, position })
      this.submit(draft, options, { answered, failed: reject })
    })
  }

  /** Asks the owner of the actor's partition. Rejects with DEADLINE_EXCEEDED, OVERLOADED or DATABASE_CLOSED. */
  async query(call: Call, freshness: Freshness, deadline: number): Promise<QueryMessage> {
    this.#enter()
    try {
      if (this.#queries.count >= clientLimits.queriesPendingMax)
        throw overloaded(clientLimits.queriesPendingMax, 'queries')
      const askedAt = this.#options.clock.now()
      const message = await this.#queries.ask({
        ...this.#asking(call, deadline),
        encode: (id) => encodeQuestion({ kind: 'query', session: this.#options.session, id, call, freshness }),
      })
      if (message.kind !== 'snapshotGone')
        this.#seen.note(message.position, message.logTime, freshness.kind === 'strong' ? askedAt : undefined)
      return message
    } finally {
      this.#leave()
    }
  }

  /** Asks about the past. Rejects with WORKERS_UNREACHABLE when nobody answers by the deadline, and DATABASE_CLOSED. */
  async askHistory(question: HistoryQuestionBody, deadline: number): Promise<HistoryMessage> {
    this.assertOpen()
    const { session, welcome } = this.#options
    return await this.#history.ask({
      address: addresses.question(welcome.databaseId, 0),
      deadline,
      onDeadline: () => workersSilent('answered about the past. Ask again when one runs'),
      encode: (id) => encodeQuestion({ ...question, session, id }),
    })
  }

  /** Throws DATABASE_CLOSED once the client closes. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw clientClosed()
  }

  /** Refuses new calls, waits until those under way are settled, and lets go of the bus and the log. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#idlers.push(resolve))
    for (const unlisten of this.#unlisten) unlisten()
    this.#options.greeter.close(clientClosed())
    this.#requests.fail(clientClosed())
    this.#queries.fail(clientClosed())
    this.#footprints.fail(clientClosed())
    this.#history.fail(clientClosed())
    await this.#options.log.close()
  }

  #assertRoom(): void {
    this.assertOpen()
    const { callsPendingMax } = this.#options
    if (this.#pending >= callsPendingMax) throw overloaded(callsPendingMax, 'calls')
  }

  // Calls without an answer.
  get #pending(): number {
    return this.#waiting + this.#requests.count
  }

  // Counts in what is no request, or none yet; each is counted out by `#leave`.
  #enter(): void {
    this.#assertRoom()
    this.#waiting += 1
  }

  #leave(): void {
    this.#waiting -= 1
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#idlers.length > 0 && this.#pending === 0) for (const idle of this.#idlers.splice(0)) idle()
  }

  #send(draft: Draft, options: SubmitOptions, waiter: RequestWaiter): void {
    if (options.idempotencyKey === undefined) this.#requests.submit(draft, options, waiter)
    else this.#requests.submitKeyed(draft, options, options.idempotencyKey, waiter)
  }

  async #submitLater(draft: Draft, options: SubmitOptions, waiter: RequestWaiter): Promise<void> {
    this.#waiting += 1
    try {
      if (!this.#isFresh()) await this.#refresh(draft, options.deadline)
      if (this.#asksFootprint(draft, options))
        this.#sendWidened(draft, await this.#footprint(draft, options.deadline), this.#later(options), waiter)
      else this.#send(draft, this.#later(options), waiter)
    } catch (error) {
      // What is thrown here are errors.
      waiter.failed(error as Error)
    }
    this.#leave()
  }

  #later(options: SubmitOptions): SubmitOptions {
    return { ...options, now: this.#options.clock.now() }
  }

  // What a worker foresees may be too much for one entry. Then the request goes as it was, and misses.
  #sendWidened(draft: Draft, touches: Draft['touches'], options: SubmitOptions, waiter: RequestWaiter): void {
    try {
      this.#send({ ...draft, touches }, options, waiter)
    } catch (error) {
      if (!(error instanceof StreamyError) || error.code !== 'VALUE_TOO_LARGE') throw error
      this.#send(draft, options, waiter)
    }
  }

  // Where P = 1 nothing can be missed (F2).
  #asksFootprint({ calls }: Draft, { asksFootprint }: SubmitOptions): boolean {
    return this.partitions > 1 && (asksFootprint || this.#missed.hasAny(calls))
  }

  async #footprint(draft: Draft, deadline: number): Promise<Draft['touches']> {
    const transaction = transactionOf(draft)
    const patient = Math.min(deadline, this.#options.clock.now() + clientLimits.footprintWaitUs)
    try {
      const foreseen = await this.#footprints.ask({
        ...this.#asking(draft.calls[0]!, patient),
        encode: (id) => encodeQuestion({ kind: 'footprint', session: this.#options.session, id, transaction }),
      })
      const touches = mergedTouches([...draft.touches, ...foreseen])
      this.#missed.asked(draft.calls, declaresMore(touches, draft.touches))
      return touches.length <= limits.touchesPerTransactionMax ? touches : draft.touches
    } catch (error) {
      if (error instanceof StreamyError && error.code === 'DEADLINE_EXCEEDED') return draft.touches
      throw error
    }
  }

  #asking(call: Call, deadline: number): Omit<Asking, 'encode'> {
    const address = addresses.question(this.#options.welcome.databaseId, partitionOf(call.ref, this.partitions))
    return { address, deadline, onDeadline: () => queryDeadline(call) }
  }

  #take(message: ClientMessage): void {
    switch (message.kind) {
      case 'replies':
        return this.#requests.take(message)
      case 'footprint':
        this.#footprints.answer(message.id, message.touches)
        return
      case 'record':
        // Only workers ask for these.
        return
      case 'answer':
      case 'failed':
      case 'snapshotGone':
        this.#queries.answer(message.id, message)
        return
      default:
        this.#history.answer(message.id, message)
    }
  }

  #isFresh(): boolean {
    return this.#seen.isFresh(this.#options.clock.now())
  }

  async #refresh(draft: Draft, deadline: number): Promise<void> {
    while (!this.#isFresh()) {
      if (this.#options.clock.now() >= deadline) throw unsentDeadline(draft.calls)
      this.#refreshing ??= this.#greetOnce().finally(() => (this.#refreshing = undefined))
      await this.#refreshing
    }
  }

  // One hello for all who wait for fresh log time; in vain when nobody answers soon.
  async #greetOnce(): Promise<void> {
    const { clock, greeter, patience, welcome } = this.#options
    const now = clock.now()
    const inVain = workersSilent()
    try {
      const { databaseId, position, logTime } = await greeter.greet(now + patience.firstUs, () => inVain)
      if (databaseId === welcome.databaseId) this.#seen.note(position, logTime, now)
    } catch (error) {
      if (error !== inVain) throw error
    }
  }

  #ownerChanged(partitions: readonly PartitionId[]): void {
    const { databaseId } = this.#options.welcome
    const questions = new Set(partitions.map((partition) => addresses.question(databaseId, partition)))
    this.#requests.askAgain(new Set(partitions))
    this.#queries.askAgain(questions)
    this.#footprints.askAgain(questions)
    this.#history.askAgain(questions)
  }
}

function workersSilent(what = 'answered a hello'): Error {
  return new StreamyError('WORKERS_UNREACHABLE', `No worker ${what}.`)
}
