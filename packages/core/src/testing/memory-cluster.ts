// MemoryCluster: several engines over one log and one memory network, for tests of what they do together. It does what
// runtimes do (deliver, carry messages, append what is submitted, flush) but only when told to, so that a test can hold
// any part back. Replies are checked as they come: one position never gets two answers.

import { deepStrictEqual } from 'node:assert'
import { expect } from 'vitest'
import { BatchBuilder } from '../batch-builder.ts'
import { encodeControlBatch, openBatch, transactionsOf } from '../batch-codec.ts'
import { thaw } from '../datum.ts'
import type { Incident } from '../effects.ts'
import { Engine } from '../engine.ts'
import { indexedPartitions, partitionOf } from '../footprint.ts'
import { judgeTransaction } from '../judge-transaction.ts'
import type { LogEntry } from '../log.ts'
import { MemoryStateStore } from '../memory-state-store.ts'
import type { Reply } from '../outcome.ts'
import { endOfBatch, type PartitionId, type Position, type Sequence } from '../position.ts'
import type { Program } from '../program.ts'
import type { Call, Transaction } from '../transaction.ts'
import type { Transport } from '../transport.ts'
import { MemoryNetwork, type NetworkFaults } from './memory-transport.ts'
import { ToyProgram } from './toy-program.ts'
import { itemsCall, lookCall, toyRef } from './toy-script.ts'

/** A cluster's layout. */
export interface ClusterOptions {
  /** The worker of each partition; there are as many workers as the highest says. */
  readonly placement: readonly number[]
  readonly program?: Program
  /** Decides the network's faults. */
  readonly seed?: string
  readonly faults?: NetworkFaults
  readonly skip?: ReadonlySet<Position>
  readonly cacheBytesMax?: number
}

/** One engine with what outlives it. */
interface Worker {
  readonly partitions: readonly PartitionId[]
  readonly store: MemoryStateStore
  readonly transport: Transport
  engine: Engine
}

const roundsMax = 5000
const startUs = 1_000_000_000_000

/** Engines, their log and their network. */
export class MemoryCluster {
  readonly network: MemoryNetwork
  readonly log: LogEntry[] = []
  readonly replies = new Map<Position, Reply>()
  readonly incidents: Incident[] = []
  /** Submitted by engines and not yet appended. */
  readonly submissions: Transaction[] = []
  readonly #options: ClusterOptions
  readonly #workers: Worker[]
  /** Append time of the next entry, in microseconds. */
  clock = startUs

  constructor(options: ClusterOptions) {
    this.#options = options
    this.network = new MemoryNetwork(options.seed, options.faults)
    const count = Math.max(...options.placement) + 1
    this.#workers = Array.from({ length: count }, (_, worker) => this.#startWorker(worker))
  }

  get partitions(): number {
    return this.#options.placement.length
  }

  /** Appends one entry of these transactions; nobody reads it before `deliver` or `settle`. */
  append(...transactions: readonly Transaction[]): Sequence {
    const builder = new BatchBuilder()
    for (const transaction of transactions)
      if (!builder.add(transaction, indexedPartitions(transaction, this.partitions))) expect.fail('The entry is full.')
    return this.appendBytes(builder.take())
  }

  /** Appends an entry that only moves log time on, by at least `byUs`. */
  tick(byUs = 1): Sequence {
    this.clock += byUs
    return this.appendBytes(encodeControlBatch('tick', new Uint8Array(0)))
  }

  appendBytes(bytes: Uint8Array): Sequence {
    const sequence = this.log.length + 1
    this.log.push({ sequence, appendTime: this.clock, bytes })
    this.clock += 1000
    return sequence
  }

  /** The attempts of the transactions in the log, in its order. */
  attempts(): number[] {
    return this.log.flatMap(({ bytes }) => {
      const batch = openBatch(bytes)
      if (batch.kind !== 'transactions') return []
      return transactionsOf(batch).map((found) => {
        const transaction = judgeTransaction(batch, found, this.partitions)
        return typeof transaction === 'string' ? 0 : transaction.attempt
      })
    })
  }

  /** The worker of a toy actor. */
  ownerOf(key: string): number {
    return this.#options.placement[partitionOf(toyRef(key), this.partitions)]!
  }

  engine(worker: number): Engine {
    return this.#workers[worker]!.engine
  }

  /** The counter of a toy actor. */
  countOf(key: string): unknown {
    return (this.#query(lookCall(key)) as readonly unknown[])[0]
  }

  /** The items of a toy actor. */
  itemsOf(key: string): readonly unknown[] {
    return this.#query(itemsCall(key)) as readonly unknown[]
  }

  /** Gives a worker the next entries of the log, as many as it wants up to `through`. */
  deliver(worker: number, through: Sequence = this.log.length): void {
    const { engine } = this.#workers[worker]!
    while (engine.wantsMore && engine.next <= through) {
      engine.deliver(this.log[engine.next - 1]!)
      this.#perform(this.#workers[worker]!)
    }
  }

  /** Carries messages until none is on its way. */
  exchange(): void {
    this.network.run()
  }

  /** Lets every worker ask for what it misses. */
  askAgain(): void {
    for (const worker of this.#workers) {
      worker.engine.askAgain()
      this.#perform(worker)
    }
  }

  /** Delivers, exchanges and appends what is submitted, until nothing is left to do. Asks again for what was lost.
   * Without `appends` the log stays as it is, as when a worker catches up. */
  settle({ appends = true }: { readonly appends?: boolean } = {}): void {
    for (let round = 0; round < roundsMax; round++) {
      this.#workers.forEach((_, worker) => this.deliver(worker))
      this.exchange()
      if (!appends) this.submissions.length = 0
      if (this.submissions.length > 0) this.append(...this.submissions.splice(0, 100))
      else if (this.#isAtRest()) return
      else this.askAgain()
    }
    expect.fail('The cluster does not come to rest.')
  }

  /** Flushes a worker's state as far as it has resolved. */
  async flush(worker: number): Promise<void> {
    const { engine, store } = this.#workers[worker]!
    const capture = engine.captureState()
    if (capture === undefined) return
    await store.advance(capture.changes())
    engine.stateFlushed()
    this.#perform(this.#workers[worker]!)
  }

  /** Crashes a worker, and starts it again from its store. */
  restart(worker: number): void {
    this.#workers[worker]!.engine = this.#startEngine(this.#workers[worker]!)
  }

  /** The hash of each partition; everything must be settled. */
  hashes(): readonly (string | undefined)[] {
    const hashes = new Map(this.#workers.flatMap(({ engine }) => [...engine.stateHashes()]))
    return this.#options.placement.map((_, partition) => hashes.get(partition))
  }

  #startWorker(worker: number): Worker {
    const partitions = this.#options.placement.flatMap((owner, partition) => (owner === worker ? [partition] : []))
    const parts = { partitions, store: new MemoryStateStore(), transport: this.network.connect() }
    const started: Worker = { ...parts, engine: this.#startEngine(parts) }
    parts.transport.listen(partitions)
    parts.transport.onMessage((message) => {
      started.engine.receive(message)
      this.#perform(started)
    })
    return started
  }

  #startEngine({ partitions, store }: Pick<Worker, 'partitions' | 'store'>): Engine {
    const { program = new ToyProgram(), skip, cacheBytesMax } = this.#options
    return new Engine({
      program,
      store,
      partitions: this.partitions,
      seed: 'cluster',
      owned: (partition) => partitions.includes(partition),
      ...(skip === undefined ? {} : { skip }),
      ...(cacheBytesMax === undefined ? {} : { cacheBytesMax }),
    })
  }

  #perform({ engine, transport }: Worker): void {
    const { replies, messages, submissions, incidents } = engine.takeEffects()
    for (const reply of replies) {
      const earlier = this.replies.get(reply.position)
      if (earlier !== undefined) deepStrictEqual(reply, earlier)
      this.replies.set(reply.position, reply)
    }
    for (const message of messages) transport.send(message)
    this.submissions.push(...submissions)
    this.incidents.push(...incidents)
  }

  #query(call: Call): unknown {
    return thaw(this.engine(this.ownerOf(call.ref.key)).query(call).value)
  }

  #isAtRest(): boolean {
    return this.#workers.every(({ engine }) => engine.next === this.log.length + 1 && isResolved(engine))
  }
}

function isResolved(engine: Engine): boolean {
  return engine.scanned.sequence === 0 || engine.resolved >= endOfBatch(engine.scanned.sequence)
}
