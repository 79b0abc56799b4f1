// FrontDesk: where a worker answers clients and other workers. It listens at the question addresses of the partitions
// that the worker owns and answers through its host; it executes nothing itself. What it does not answer, because it
// cannot or has no room, is asked again.

import { partitionOf, StreamyError, type MessageBus, type PartitionId, type Program } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { QueryDesk } from '../../query-desk.ts'
import type { Ending } from '../ending.ts'
import type { Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import { encodeClientMessage, type ClientMessage } from '../protocol/client-message.ts'
import { Intake } from '../protocol/intake.ts'
import { encodeNotice } from '../protocol/notice.ts'
import { protocolLimits } from '../protocol/protocol-limits.ts'
import { decodeQuestion, type Question } from '../protocol/question.ts'
import { decodeHello, encodeWelcome, type ActorDescription, type Hello } from '../protocol/welcome.ts'
import type { FrontDeskHost, PartitionReader } from './front-desk-host.ts'
import { QuestionsInProgress } from './questions-in-progress.ts'
import type { HistoryDesk } from './history-desk.ts'
import { RecordFetcher } from './record-fetcher.ts'
import { ReplyDesk, type SessionReply } from './reply-desk.ts'
import { SharedBarrier } from './shared-barrier.ts'
import { answerQuery } from './snapshot-query.ts'

/** What a front desk works with. */
export interface FrontDeskOptions {
  readonly host: FrontDeskHost
  readonly bus: MessageBus
  readonly clock: Clock
  /** Decodes records and encodes errors. */
  readonly program: Program
  /** The database's name, by which clients find it. */
  readonly name: string
  /** What clients are told about the actors. */
  readonly actors: readonly ActorDescription[]
  /** Where other workers send records to: unique for each start of a worker. */
  readonly session: string
  /** Answers for the past, if it is served here. */
  readonly history?: HistoryDesk
  /** How long to wait for another worker's record before asking again. */
  readonly patience: Patience
}

type Asked<Kind extends Question['kind']> = Extract<Question, { kind: Kind }>

/** A worker's desk for clients. */
export class FrontDesk {
  readonly #options: FrontDeskOptions
  readonly #intake: Intake
  readonly #barrier: SharedBarrier
  readonly #fetcher: RecordFetcher
  readonly #replies: ReplyDesk
  readonly #queries: QueryDesk
  readonly #inProgress: QuestionsInProgress
  readonly #owned = new Map<PartitionId, () => void>()
  readonly #unlisten: () => void
  #refused = 0

  constructor(options: FrontDeskOptions) {
    const { host, bus, clock, name, program } = options
    this.#options = options
    this.#intake = new Intake(bus)
    this.#barrier = new SharedBarrier(() => host.barrier())
    this.#fetcher = new RecordFetcher({ ...options, intake: this.#intake })
    this.#replies = new ReplyDesk(bus, host.databaseId)
    this.#queries = new QueryDesk(program)
    this.#inProgress = new QuestionsInProgress(clock)
    this.#unlisten = this.#intake.listen(addresses.hello(name), decodeHello, (hello) => this.#welcome(hello))
  }

  /** Messages that could not be read, and questions not answered: without right, room or success. */
  get statistics(): { readonly malformed: number; readonly dropped: number } {
    return { malformed: this.#intake.malformed, dropped: this.#inProgress.dropped + this.#refused }
  }

  /** Answers for exactly these partitions from now on, and tells all clients of those that are new. */
  own(partitions: readonly PartitionId[]): void {
    const { bus, host } = this.#options
    for (const [partition, unlisten] of this.#owned) {
      if (partitions.includes(partition)) continue
      unlisten()
      this.#owned.delete(partition)
    }
    const gained = partitions.filter((partition) => !this.#owned.has(partition))
    for (const partition of gained) this.#owned.set(partition, this.#listen(partition))
    if (gained.length > 0) bus.send(addresses.notice(host.databaseId), encodeNotice({ partitions: gained }))
  }

  /** Answers nothing any more. */
  close(): void {
    this.own([])
    this.#unlisten()
    this.#inProgress.clear()
    this.#fetcher.close(new StreamyError('DATABASE_CLOSED', 'The worker was stopped. Another one answers.'))
  }

  #listen(partition: PartitionId): () => void {
    const { databaseId } = this.#options.host
    const [asked, askedByWorkers] = [addresses.question(databaseId, partition), addresses.record(databaseId, partition)]
    const unlisten = [
      this.#intake.listen(asked, decodeQuestion, (question) => this.#take(partition, question)),
      this.#intake.listen(askedByWorkers, decodeQuestion, (question) => this.#takeFromWorker(partition, question)),
    ]
    return () => unlisten.forEach((end) => end())
  }

  #take(partition: PartitionId, question: Question): void {
    switch (question.kind) {
      case 'outcomes':
        return this.#inProgress.attempt(() => this.#repeatOutcomes(partition, question))
      case 'footprint':
        return this.#inProgress.attempt(() => this.#predict(partition, question))
      case 'query':
        if (!this.#lies(question.call.ref, partition)) return
        return this.#inProgress.start(keyOf(question), (ending) => this.#query(partition, question, ending))
      case 'changes':
      case 'present':
      case 'past':
        return this.#askHistory(partition, question)
      default:
        // Whole records are for workers, who ask where clients may not.
        this.#refused += 1
    }
  }

  #takeFromWorker(partition: PartitionId, question: Question): void {
    if (question.kind !== 'record' || !this.#lies(question.ref, partition)) return
    this.#inProgress.start(keyOf(question), (ending) => this.#record(partition, question, ending))
  }

  #repeatOutcomes(home: PartitionId, { session, sequences }: Asked<'outcomes'>): void {
    const reader = this.#options.host.current(home)
    if (reader === undefined) return
    const replies: SessionReply[] = []
    for (const sequence of sequences) {
      const request = { session, sequence, suffix: '' }
      const recorded = reader.outcome(request, home)
      // Whether it missed is not recorded; whoever sends its like learns it then.
      if (recorded !== undefined)
        replies.push({ request, attempt: 1, counted: recorded.position, outcome: recorded.outcome })
    }
    this.#replies.send(replies, reader.logTime)
  }

  // One place tells of the past: where partition 0 is.
  #askHistory(partition: PartitionId, question: Asked<'changes' | 'present' | 'past'>): void {
    const { history } = this.#options
    if (history === undefined || partition !== 0) return void (this.#refused += 1)
    this.#inProgress.start(keyOf(question), async ({ signal }) =>
      this.#send(question.session, await history.answer(question, signal)),
    )
  }

  #predict(home: PartitionId, { session, id, transaction }: Asked<'footprint'>): void {
    const reader = this.#options.host.current(home)
    if (reader === undefined || !this.#lies(transaction.calls[0]!.ref, home)) return
    this.#send(session, { kind: 'footprint', id, touches: reader.predict(transaction) })
  }

  async #query(partition: PartitionId, question: Asked<'query'>, ending: Ending): Promise<void> {
    const { host, program } = this.#options
    const encodeError = (thrown: unknown): ReturnType<typeof program.encodeError> => program.encodeError(thrown)
    const own = { barrier: this.#barrier, fetcher: this.#fetcher, desk: this.#queries }
    const options = { host, encodeError, ending, ...own }
    const answer = await answerQuery(options, partition, question)
    if (answer !== undefined) this.#send(question.session, answer)
  }

  async #record(partition: PartitionId, { session, id, ref, at }: Asked<'record'>, ending: Ending): Promise<void> {
    const reader = await this.#options.host.reader(partition, at, ending)
    if (reader === undefined) return
    const record = reader.record(ref, at)
    this.#send(session, record === 'gone' ? { kind: 'snapshotGone', id } : { kind: 'record', id, ...record })
  }

  #welcome(hello: Hello): void {
    this.#inProgress.start(`hello/${hello.session}/${hello.id}`, async (ending) => {
      const { host, bus, actors } = this.#options
      const reader = await this.#freshReader(ending)
      if (reader === undefined) return
      const { databaseId, partitions } = host
      const { logTime, position } = reader
      const welcome = encodeWelcome({ id: hello.id, databaseId, partitions, logTime, position, actors })
      bus.send(addresses.welcome(hello.session), welcome)
    })
  }

  // In an idle database log time stands still, and clients must not send requests with an old one: an entry moves it on.
  async #freshReader(ending: Ending): Promise<PartitionReader | undefined> {
    const { host, clock } = this.#options
    for (const partition of this.#owned.keys()) {
      const reader = host.current(partition)
      if (reader === undefined) continue
      if (clock.now() - reader.logTime <= protocolLimits.welcomeAgeMaxUs) return reader
      return await host.reader(partition, await this.#barrier.next(), ending)
    }
    return undefined
  }

  #lies(ref: Parameters<typeof partitionOf>[0], partition: PartitionId): boolean {
    return partitionOf(ref, this.#options.host.partitions) === partition
  }

  #send(session: string, message: ClientMessage): void {
    this.#options.bus.send(addresses.reply(this.#options.host.databaseId, session), encodeClientMessage(message))
  }
}

function keyOf({ kind, session, id }: Asked<'query' | 'record' | 'changes' | 'present' | 'past'>): string {
  return `${kind}/${session}/${id}`
}
