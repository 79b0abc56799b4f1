// ScriptedDesk: a front desk over a host that does what a test says, with a client's end of the bus to ask it from.

import { Actor, actor, ActorRegistry, createProgram, query } from '@streamy-db/actors'
import { actorRef, endOfBatch, partitionOf } from '@streamy-db/core'
import type { ActorRecord, Call, MessageBus, Outcome, PartitionId, Position, Transaction } from '@streamy-db/core'
import { ManualClock } from '../manual-clock.ts'
import { describeActors } from '../cluster/front-desk/describe-actors.ts'
import { FrontDesk } from '../cluster/front-desk/front-desk.ts'
import type { FrontDeskHost, PartitionReader, SnapshotAnswer } from '../cluster/front-desk/front-desk-host.ts'
import { patienceFrom } from '../cluster/patience.ts'
import { addresses } from '../cluster/protocol/addresses.ts'
import { decodeClientMessage, encodeClientMessage, type ClientMessage } from '../cluster/protocol/client-message.ts'
import { encodeQuestion, type Freshness, type Question } from '../cluster/protocol/question.ts'
import { decodeWelcome, encodeHello, type Welcome } from '../cluster/protocol/welcome.ts'
import { MemoryBusNetwork } from '@streamy-db/core/testing'

@actor()
class Account extends Actor {
  balance = 0

  @query()
  value(): number {
    return this.balance
  }
}

const registry = new ActorRegistry([Account])

/** The program of the one actor type there is, Account. */
export const program = createProgram(registry)

/** Partitions of the database. */
export const partitions = 4

/** The actor that is asked. */
export const ref = actorRef('Account', 'a')

/** Its partition. */
export const home = partitionOf(ref, partitions)

/** The query that is asked. */
export const call: Call = { ref, message: 'value', args: [] }

/** A host whose every answer is the test's. */
export class ScriptedHost implements FrontDeskHost {
  readonly databaseId = 'db'
  readonly partitions = partitions
  readonly barriers: { resolve: (position: Position) => void; reject: (error: Error) => void }[] = []
  readonly asked: { partition: PartitionId; position: Position }[] = []
  readonly queries: { at: Position; fetched: ReadonlyMap<string, ActorRecord | undefined> }[] = []
  owned: ReadonlySet<PartitionId> = new Set([0, 1, 2, 3])
  position = endOfBatch(5)
  logTime = 0
  answer: (at: Position, fetched: ReadonlyMap<string, ActorRecord | undefined>) => SnapshotAnswer = (at) => ({
    kind: 'answer',
    value: at,
    reads: [],
  })
  record: { bytes: Uint8Array | undefined } | 'gone' = { bytes: undefined }
  outcomes = new Map<number, Outcome>()
  predict: (transaction: Transaction) => never[] = () => []

  barrier(): Promise<Position> {
    return new Promise((resolve, reject) => this.barriers.push({ resolve, reject }))
  }

  async reader(partition: PartitionId, position: Position): Promise<PartitionReader | undefined> {
    this.asked.push({ partition, position })
    return this.current(partition)
  }

  current(partition: PartitionId): PartitionReader | undefined {
    if (!this.owned.has(partition)) return undefined
    return {
      position: this.position,
      logTime: this.logTime,
      query: (_call, at, fetched) => {
        this.queries.push({ at, fetched: new Map(fetched) })
        return this.answer(at, fetched)
      },
      record: () => this.record,
      outcome: ({ sequence }) => {
        const outcome = this.outcomes.get(sequence)
        return outcome && { position: this.position, outcome }
      },
      predict: (transaction) => this.predict(transaction),
    }
  }
}

/** A front desk that owns everything, and one client. */
export class ScriptedDesk {
  readonly clock = new ManualClock(0)
  readonly network = new MemoryBusNetwork()
  readonly host = new ScriptedHost()
  /** The client's end of the bus. */
  readonly bus: MessageBus = this.network.connect()
  /** What the client was sent. */
  readonly received: ClientMessage[] = []
  readonly desk: FrontDesk

  constructor() {
    const { host, clock, bus } = this
    bus.listen(addresses.reply('db', 'client.1'), (bytes) => this.received.push(decodeClientMessage(bytes)))
    const own = { bus: this.network.connect(), session: 'worker.1', patience: patienceFrom(250) }
    this.desk = new FrontDesk({ host, clock, program, name: 'bank', actors: describeActors(registry), ...own })
    this.desk.own([0, 1, 2, 3])
  }

  /** Asks for the actor's value. */
  ask(id: number, freshness: Freshness = { kind: 'strong' }): void {
    this.send(home, { kind: 'query', session: 'client.1', id, call, freshness })
  }

  /** Asks anything of anybody. */
  send(partition: PartitionId, question: Question): void {
    const address = question.kind === 'record' ? addresses.record : addresses.question
    this.bus.send(address('db', partition), encodeQuestion(question))
  }

  /** Sends a record, or what comes in its place, to the worker. */
  async answerRecord(message: ClientMessage): Promise<void> {
    this.bus.send(addresses.reply('db', 'worker.1'), encodeClientMessage(message))
    await this.turns()
  }

  /** Says hello; the list fills with the welcomes that come. */
  hello(): readonly Welcome[] {
    const welcomes: Welcome[] = []
    this.bus.listen(addresses.welcome('client.1'), (bytes) => welcomes.push(decodeWelcome(bytes)))
    this.bus.send(addresses.hello('bank'), encodeHello({ session: 'client.1', id: 7 }))
    return welcomes
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.turns()
  }

  /** Lets everything happen that waits for nothing but its turn. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) {
      this.network.run()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
