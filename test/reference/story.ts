// Story: a log told entry by entry to the reference executor, for tests whose expectations are worked out by hand.

import {
  BatchBuilder,
  encodeControlBatch,
  indexedPartitions,
  limits,
  partitionOf,
  thaw,
  type Call,
  type Reply,
  type Request,
  type Transaction,
} from '@streamy-db/core'
import { ToyProgram, lookCall, toyRef } from '@streamy-db/core/testing'
import { ReferenceExecutor, type BatchResult } from './reference-executor.ts'

const startUs = 1_000_000

/** One log and what the reference makes of it. */
export class Story {
  readonly reference: ReferenceExecutor
  readonly #partitions: number
  #sequence = 0
  #clock = startUs

  constructor(partitions: number, skip: ReadonlySet<number> = new Set()) {
    this.#partitions = partitions
    this.reference = new ReferenceExecutor({ program: new ToyProgram(), partitions, seed: 'story', skip })
  }

  /** The log time of the last batch. */
  get now(): number {
    return this.#clock
  }

  /** Lets time pass before the next entry. */
  wait(us: number): void {
    this.#clock += us
  }

  /** Appends one entry of transactions with sound indexes. */
  append(...transactions: readonly Transaction[]): BatchResult {
    const builder = new BatchBuilder()
    for (const transaction of transactions) builder.add(transaction, indexedPartitions(transaction, this.#partitions))
    return this.appendBytes(builder.take())
  }

  tick(): BatchResult {
    return this.appendBytes(encodeControlBatch('tick', new Uint8Array(0)))
  }

  appendBytes(bytes: Uint8Array): BatchResult {
    this.#sequence += 1
    this.#clock += 1
    return this.reference.execute({ sequence: this.#sequence, appendTime: this.#clock, bytes })
  }

  /** Appends what is pending until nothing is. */
  settle(): readonly Reply[] {
    const replies: Reply[] = []
    for (let pending = this.reference.pending(); pending.length > 0; pending = this.reference.pending())
      replies.push(...this.append(...pending).replies)
    return replies
  }

  /** The counter of a toy actor, and how many items its list has. */
  look(key: string): readonly [count: number, items: number] {
    const [count, items] = thaw(this.reference.query(lookCall(key))) as [number, number]
    return [count, items]
  }

  /** A toy key of a partition of its own: different names lie in different partitions. */
  keyApart(...others: readonly string[]): string {
    const taken = new Set(others.map((key) => partitionOf(toyRef(key), this.#partitions)))
    for (let i = 0; ; i++) if (!taken.has(partitionOf(toyRef(`k${i}`), this.#partitions))) return `k${i}`
  }
}

/** A client's request, first sent at `seenTime`. */
export function request(sequence: number, calls: readonly Call[], more: Partial<Request> = {}): Transaction {
  const identity = { session: 'client', sequence, suffix: '', answeredBelow: 0, seenTime: limits.requestRetentionUs }
  return { request: { ...identity, ...more }, attempt: 1, source: undefined, asserts: [], calls, touches: [] }
}

/** The outcomes of replies, as short text. */
export function outcomes(replies: readonly Reply[]): string[] {
  return replies.map(({ outcome }) =>
    outcome.kind === 'committed'
      ? `committed ${outcome.results.map(String).join(' ')}`
      : `aborted at ${outcome.operation}: ${outcome.error.code ?? outcome.error.message}`,
  )
}
