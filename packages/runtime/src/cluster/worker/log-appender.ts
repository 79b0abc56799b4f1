// LogAppender: what a worker itself writes into the log: retries and tells, gathered while an append is under way, and
// control entries. Nobody waits for the former: when some are lost it says so, and they are submitted again by the engine.

import { BatchBuilder, encodeChange, encodeControlBatch, indexedPartitions, limits } from '@streamy-db/core'
import { ByteWriter } from '@streamy-db/core'
import type { Log, MembershipChange, Sequence, Transaction } from '@streamy-db/core'

const nothing = new Uint8Array(0)

/** Appends for one worker. */
export class LogAppender {
  readonly #log: Log
  readonly #partitions: number
  readonly #idPrefix: string
  readonly #onLost: () => void
  readonly #builder = new BatchBuilder()
  readonly #queue: Transaction[] = []
  #appending = 0
  #count = 0

  /**
   * `idPrefix` is unique for each start of the worker: ids of appends begin with it. `onLost` is told that transactions
   * were not appended, or perhaps not.
   */
  constructor(log: Log, partitions: number, idPrefix: string, onLost: () => void) {
    this.#onLost = onLost
    this.#log = log
    this.#partitions = partitions
    this.#idPrefix = idPrefix
  }

  /** Whether nothing is under way and nothing waits. */
  get idle(): boolean {
    return this.#appending === 0 && this.#queue.length === 0
  }

  /** Appends a transaction soon. Beyond the limit it is lost. */
  submit(transaction: Transaction): void {
    if (this.#queue.length >= limits.submissionsQueuedMax) return this.#onLost()
    this.#queue.push(transaction)
    if (this.#queue.length === 1) void Promise.resolve().then(() => this.#pump())
    return undefined
  }

  /** Appends an entry that moves log time on and marks a place; resolves with its batch. */
  tick(): Promise<Sequence> {
    return this.#append(encodeControlBatch('tick', nothing))
  }

  /** Asks for a checkpoint. */
  checkpoint(): Promise<Sequence> {
    return this.#append(encodeControlBatch('checkpoint', nothing))
  }

  /** Appends a change of membership. */
  change(change: MembershipChange): Promise<Sequence> {
    const out = new ByteWriter()
    encodeChange(out, change)
    return this.#append(encodeControlBatch('member', out.take()))
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#appending < limits.appendsInFlightMax) {
      this.#fill()
      this.#appending += 1
      this.#append(this.#builder.take())
        .catch(() => this.#onLost())
        .finally(() => {
          this.#appending -= 1
          this.#pump()
        })
    }
  }

  #fill(): void {
    let taken = 0
    for (const transaction of this.#queue) {
      if (!this.#builder.add(transaction, indexedPartitions(transaction, this.#partitions))) break
      taken += 1
    }
    this.#queue.splice(0, taken)
  }

  #append(bytes: Uint8Array): Promise<Sequence> {
    this.#count += 1
    return this.#log.append(bytes, `${this.#idPrefix}-${this.#count}`)
  }
}
