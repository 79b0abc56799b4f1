// EngineHost: the smallest worker behind a front desk, for tests: one engine with every partition over a log. It executes
// what is appended, appends what the engine submits, and reads the past by executing the log anew up to there.

import {
  BatchBuilder,
  encodeControlBatch,
  endOfBatch,
  Engine,
  homeOf,
  indexedPartitions,
  MemoryStateStore,
  openBatch,
  transactionIn,
  transactionsOf,
  sequenceOf,
} from '@streamy-db/core'
import type {
  Log,
  LogEntry,
  MessageBus,
  PartitionId,
  Position,
  Program,
  RecordedOutcome,
  Sequence,
} from '@streamy-db/core'
import type { FrontDeskHost, PartitionReader, RecordedRequest } from '../cluster/front-desk/front-desk-host.ts'
import { ReplyDesk } from '../cluster/front-desk/reply-desk.ts'

/** What a host works with. */
export interface EngineHostOptions {
  readonly log: Log
  readonly program: Program
  readonly partitions: number
  readonly bus: MessageBus
}

/** One engine that owns everything. */
export class EngineHost implements FrontDeskHost {
  readonly databaseId = 'db'
  readonly partitions: number
  /** Snapshots of batches below this one are gone. */
  oldestReadable: Sequence = 0
  readonly #options: EngineHostOptions
  readonly #engine: Engine
  readonly #replyDesk: ReplyDesk
  readonly #entries: LogEntry[] = []
  readonly #outcomes = new Map<string, RecordedOutcome>()
  readonly #answeredBelow = new Map<string, number>()
  readonly #past = new Map<Sequence, Engine>()
  #waiting: { readonly position: Position; readonly wake: () => void }[] = []
  readonly #stopping = new AbortController()

  constructor(options: EngineHostOptions) {
    this.#options = options
    this.partitions = options.partitions
    this.#engine = this.#newEngine()
    this.#replyDesk = new ReplyDesk(options.bus, this.databaseId)
    void this.#follow()
  }

  /** The engine, for looking at what it holds. */
  get engine(): Engine {
    return this.#engine
  }

  /** Entries executed. */
  get entries(): readonly LogEntry[] {
    return this.#entries
  }

  async barrier(): Promise<Position> {
    return endOfBatch(await this.#options.log.append(encodeControlBatch('tick', new Uint8Array(0))))
  }

  async reader(partition: PartitionId, position: Position): Promise<PartitionReader | undefined> {
    if (this.#position < position)
      await new Promise<void>((wake) => {
        this.#waiting.push({ position, wake })
      })
    return this.current(partition)
  }

  current(_partition: PartitionId): PartitionReader {
    return {
      position: this.#position,
      logTime: this.#engine.scanned.logTime,
      query: (call, at) => {
        if (sequenceOf(at) < this.oldestReadable) return { kind: 'gone' }
        const { value, reads } = this.#engineAt(at).query(call)
        return { kind: 'answer', value, reads }
      },
      record: () => 'gone',
      outcome: (request, home) => this.#outcome(request, home),
      predict: (transaction) => this.#engine.predict(transaction),
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  get #position(): Position {
    return endOfBatch(this.#engine.scanned.sequence)
  }

  async #follow(): Promise<void> {
    for await (const entries of this.#options.log.read(1, this.#stopping.signal))
      for (const entry of entries) this.#execute(entry)
  }

  #execute(entry: LogEntry): void {
    this.#entries.push(entry)
    this.#noteAnswered(entry)
    this.#engine.deliver(entry)
    const { replies, submissions } = this.#engine.takeEffects()
    for (const { request, position, outcome } of replies)
      if (request !== undefined) this.#outcomes.set(`${request.session}/${request.sequence}`, { position, outcome })
    this.#replyDesk.send(replies, this.#engine.scanned.logTime)
    for (const transaction of submissions) {
      const builder = new BatchBuilder()
      builder.add(transaction, indexedPartitions(transaction, this.partitions))
      void this.#options.log.append(builder.take())
    }
    const due = this.#waiting.filter(({ position }) => position <= this.#position)
    this.#waiting = this.#waiting.filter(({ position }) => position > this.#position)
    for (const { wake } of due) wake()
  }

  // As home does: what a session says it has answers to is forgotten.
  #outcome({ session, sequence }: RecordedRequest, home: PartitionId): RecordedOutcome | undefined {
    if (sequence < (this.#answeredBelow.get(`${home}/${session}`) ?? 0)) return undefined
    return this.#outcomes.get(`${session}/${sequence}`)
  }

  #noteAnswered({ bytes }: LogEntry): void {
    const batch = openBatch(bytes)
    if (batch.kind !== 'transactions') return
    for (const found of transactionsOf(batch)) {
      const transaction = transactionIn(batch, found)
      const { session, answeredBelow } = transaction.request!
      const key = `${homeOf(transaction, this.partitions)}/${session}`
      this.#answeredBelow.set(key, Math.max(answeredBelow, this.#answeredBelow.get(key) ?? 0))
    }
  }

  #engineAt(at: Position): Engine {
    const sequence = sequenceOf(at)
    if (sequence === this.#engine.scanned.sequence) return this.#engine
    const known = this.#past.get(sequence)
    if (known !== undefined) return known
    const engine = this.#newEngine()
    for (const entry of this.#entries.slice(0, sequence)) engine.deliver(entry)
    this.#past.set(sequence, engine)
    return engine
  }

  #newEngine(): Engine {
    const { program, partitions } = this.#options
    return new Engine({ program, partitions, store: new MemoryStateStore(), seed: 'seed', owned: () => true })
  }
}
