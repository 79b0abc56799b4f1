// ScriptedCluster: what a client stands on, done by hand: a log whose appends a test settles, and a worker that says
// what the test says. Time stands still unless the test moves it.

import { MemoryLog, openBatch, Random, positionOf, transactionIn, transactionsOf } from '@streamy-db/core'
import type { Log, MessageBus, Outcome, Sequence, Transaction } from '@streamy-db/core'
import { ManualClock } from '../manual-clock.ts'
import type { ConnectOptions } from '../cluster/client/client-options.ts'
import type { ClusterDatabase } from '../cluster/client/cluster-database.ts'
import { connectCluster, type ClusterParts } from '../cluster/client/connect-cluster.ts'
import { addresses } from '../cluster/protocol/addresses.ts'
import { encodeClientMessage, type ClientMessage, type RequestReply } from '../cluster/protocol/client-message.ts'
import { encodeNotice } from '../cluster/protocol/notice.ts'
import { decodeQuestion, type Question } from '../cluster/protocol/question.ts'
import { decodeHello, encodeWelcome, type ActorDescription } from '../cluster/protocol/welcome.ts'
import { MemoryBusNetwork } from '@streamy-db/core/testing'

/** An append that the log has not settled. */
export interface HeldAppend {
  readonly id: string | undefined
  readonly transactions: readonly Transaction[]
  readonly resolve: (sequence: Sequence) => void
  readonly reject: (error: unknown) => void
}

/** A question that arrived, and where. */
export interface Arrived {
  readonly partition: number
  readonly question: Question
}

const databaseId = 'db'

/** A cluster that does what a test says. */
export class ScriptedCluster {
  readonly clock = new ManualClock(1_000_000)
  readonly network = new MemoryBusNetwork()
  readonly partitions: number
  /** Appends so far, settled or not. */
  readonly appends: HeldAppend[] = []
  readonly questions: Arrived[] = []
  readonly actors: readonly ActorDescription[]
  hellos = 0
  /** Whether hellos are answered. */
  welcomes = true
  logTime = 1_000_000_000
  closedLogs = 0
  readonly #bus: MessageBus

  constructor(partitions = 4, actors: readonly ActorDescription[] = []) {
    this.partitions = partitions
    this.actors = actors
    this.#bus = this.network.connect()
    this.#bus.listen(addresses.hello('bank'), (bytes) => this.#hello(bytes))
    for (let partition = 0; partition < partitions; partition++)
      this.#bus.listen(addresses.question(databaseId, partition), (bytes) =>
        this.questions.push({ partition, question: decodeQuestion(bytes) }),
      )
  }

  /** The parts of a client. */
  parts(seed = 'client'): ClusterParts {
    const random = new Random(seed)
    return { bus: this.network.connect(), clock: this.clock, randomness: random, openLog: async () => this.#log() }
  }

  /** A client that a worker has welcomed. */
  async connect(options: Partial<ConnectOptions> = {}): Promise<ClusterDatabase> {
    const connecting = connectCluster(this.parts(), { name: 'bank', ...options })
    await this.turns()
    return await connecting
  }

  /** Every transaction that was handed to the log. */
  get transactions(): readonly Transaction[] {
    return this.appends.flatMap(({ transactions }) => transactions)
  }

  /** The session of the first transaction. */
  get session(): string {
    return this.transactions[0]!.request!.session
  }

  /** Questions of one kind. */
  asked<Kind extends Question['kind']>(kind: Kind): readonly Extract<Question, { kind: Kind }>[] {
    return this.questions.flatMap(({ question }) =>
      question.kind === kind ? [question as Extract<Question, { kind: Kind }>] : [],
    )
  }

  /** Sends a message to a session, and lets it arrive. */
  async send(session: string, message: ClientMessage): Promise<void> {
    this.#bus.send(addresses.reply(databaseId, session), encodeClientMessage(message))
    await this.turns()
  }

  /** Replies to a transaction. */
  async reply({ request }: Transaction, outcome: Outcome, changes: Partial<RequestReply> = {}): Promise<void> {
    const { session, sequence } = request!
    const position = positionOf(10 + sequence, 1)
    const { logTime } = this
    const reply = { sequence, position, missed: false, outcome, ...changes }
    await this.send(session, { kind: 'replies', logTime, replies: [reply] })
  }

  /** Says that partitions have a new owner. */
  async notice(...partitions: number[]): Promise<void> {
    this.#bus.send(addresses.notice(databaseId), encodeNotice({ partitions }))
    await this.turns()
  }

  /** Sends any bytes anywhere. */
  async sendBytes(address: string, bytes: Uint8Array): Promise<void> {
    this.#bus.send(address, bytes)
    await this.turns()
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.turns()
  }

  /** Lets everything happen that waits for nothing but its turn. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      this.network.run()
    }
  }

  #hello(bytes: Uint8Array): void {
    this.hellos += 1
    if (!this.welcomes) return
    const { session, id } = decodeHello(bytes)
    const { partitions, logTime, actors } = this
    const welcome = encodeWelcome({ id, databaseId, partitions, logTime, position: positionOf(5, 4095), actors })
    this.#bus.send(addresses.welcome(session), welcome)
  }

  #log(): Log {
    const log = new MemoryLog(() => 0)
    log.append = (bytes, id) =>
      new Promise((resolve, reject) => this.appends.push({ id, transactions: transactionsIn(bytes), resolve, reject }))
    log.close = async () => void (this.closedLogs += 1)
    return log
  }
}

function transactionsIn(bytes: Uint8Array): readonly Transaction[] {
  const batch = openBatch(bytes)
  if (batch.kind === 'void') throw new Error(batch.reason)
  return transactionsOf(batch).map((found) => transactionIn(batch, found))
}
