// ClusterPort: the layer's port over engines with several partitions, for tests of what the layer does there: misses,
// votes, home, redirects. Whatever is executed waits until `run`, goes into the log together, and is settled, with all
// its further attempts and tells, before the answers come.

import { type ActorClass, ActorRegistry, createProgram, decodeError } from '@streamy-db/actors'
import {
  type Call,
  type Outcome,
  partitionOf,
  type Position,
  type Program,
  sequenceOf,
  thaw,
  type Transaction,
} from '@streamy-db/core'
import { type ClusterOptions, MemoryCluster } from '@streamy-db/core/testing'
import type { Executed, LayerChanges, LayerPort, LayerSnapshot, NamedCall } from '@streamy-db/runtime'
import { kvActors } from '../kv-actors.ts'

interface Waiting {
  readonly calls: readonly Call[]
  readonly resolve: (executed: Executed) => void
  readonly reject: (error: Error) => void
  readonly settled: (position: Position) => void
}

/** A cluster as the layer sees it. */
export class ClusterPort implements LayerPort {
  readonly cluster: MemoryCluster
  readonly program: Program
  readonly #placement: readonly number[]
  #waiting: Waiting[] = []
  #requests = 0

  /** `actors` are those of the layer under test, above this one's own. */
  constructor(options: Omit<ClusterOptions, 'program'>, actors: readonly ActorClass[] = []) {
    this.program = createProgram(new ActorRegistry([...kvActors, ...actors]))
    this.cluster = new MemoryCluster({ ...options, program: this.program })
    this.#placement = options.placement
  }

  get partitions(): number {
    return this.#placement.length
  }

  now(): number {
    return this.cluster.clock
  }

  /** Log time at a position, in milliseconds. */
  timeAt(position: Position): number {
    return Math.floor(this.cluster.log[sequenceOf(position) - 1]!.appendTime / 1000)
  }

  execute(calls: readonly Call[]): Promise<Executed> {
    return this.executeAt(calls, () => {})
  }

  /** Executes calls, and tells at which position they came to an end, also when they failed. */
  executeAt(calls: readonly Call[], settled: (position: Position) => void): Promise<Executed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ calls, resolve, reject, settled })
    })
  }

  async query(calls: readonly Call[]): Promise<readonly unknown[]> {
    return calls.map((call) => {
      const owner = this.#placement[partitionOf(call.ref, this.partitions)]!
      return thaw(this.cluster.engine(owner).query(call).value)
    })
  }

  nameCall(): NamedCall {
    throw new Error('The layer names its calls itself.')
  }

  snapshot(): Promise<LayerSnapshot> {
    return Promise.reject(new Error('Queries over several partitions are not there yet.'))
  }

  snapshotAt(): Promise<LayerSnapshot> {
    return this.snapshot()
  }

  changes(): AsyncIterableIterator<LayerChanges> {
    throw new Error('These engines keep no history.')
  }

  /** Runs what waits, once everybody who is about to execute something has. */
  async run(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    const waiting = this.#waiting
    this.#waiting = []
    const first = this.#requests
    if (waiting.length > 0) this.cluster.append(...waiting.map(({ calls }) => this.#transaction(calls)))
    this.cluster.settle()
    // A repeat of an entry is answered too, with what the first one that counted came to.
    const replies = [...this.cluster.replies.values()].sort((a, b) => a.position - b.position)
    for (const [index, waiter] of waiting.entries()) {
      const reply = replies.find(({ request }) => request?.session === 'kv' && request.sequence === first + index)
      if (reply === undefined) waiter.reject(new Error('Nobody has answered.'))
      else answer(waiter, reply.outcome, reply.position)
    }
  }

  #transaction(calls: readonly Call[]): Transaction {
    const called = new Set(calls.map(({ ref }) => ref.id))
    const touches = calls.flatMap((call) => this.program.touches(call)).filter(({ ref }) => !called.has(ref.id))
    const sequence = this.#requests++
    const request = { session: 'kv', sequence, suffix: '', answeredBelow: 0, seenTime: this.cluster.clock }
    return {
      request,
      attempt: 1,
      source: undefined,
      asserts: [],
      calls,
      touches: [...new Map(touches.map((touch) => [touch.ref.id, touch])).values()],
    }
  }
}

function answer({ resolve, reject, settled }: Waiting, outcome: Outcome, position: Position): void {
  settled(position)
  if (outcome.kind === 'committed') resolve({ results: outcome.results.map(thaw), position })
  else reject(decodeError(outcome.error))
}
