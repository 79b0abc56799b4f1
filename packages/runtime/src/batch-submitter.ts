// BatchSubmitter: adaptive group commit (DESIGN §3). Transactions gather in an open batch; as soon as an append may
// start, whatever has gathered becomes one log entry. So an idle database adds no delay and a busy one fills batches.
//
//   submit --> open batch --seal--> sealed --append--> in the log --take--> settled by whoever executes it
//
// B1 Batches are appended in the order in which their transactions were submitted.
// B2 Every waiter is told once: by whoever takes its batch, or with the error that the append failed with.

import {
  BatchBuilder,
  StreamyError,
  limits,
  type Log,
  type Outcome,
  type Position,
  type Transaction,
} from '@streamy-db/core'

/** Who waits for a transaction. */
export interface Waiter {
  /** `position` is the transaction's. */
  settle(outcome: Outcome, position: Position): void
  fail(error: Error): void
}

/** Transactions of one entry, by index from 0, with who waits for each. */
export interface SubmittedBatch {
  readonly transactions: readonly Transaction[]
  readonly waiters: readonly (Waiter | undefined)[]
}

interface OpenBatch extends SubmittedBatch {
  readonly transactions: Transaction[]
  readonly waiters: (Waiter | undefined)[]
}

interface SealedBatch extends SubmittedBatch {
  readonly bytes: Uint8Array
}

// P = 1: the footprint is the whole partition, and an index that names none stands for it.
const wholePartition: readonly number[] = []

/** Makes log entries of transactions; see B1 and B2. */
export class BatchSubmitter {
  readonly #log: Log
  readonly #onFailure: (error: Error) => void
  readonly #builder = new BatchBuilder()
  #open: OpenBatch = { transactions: [], waiters: [] }
  readonly #sealed: SealedBatch[] = []
  readonly #appended = new Map<Uint8Array, SubmittedBatch>()
  #appending = 0
  #waiting = 0
  #scheduled = false
  #failure: Error | undefined
  readonly #drainers: (() => void)[] = []

  /** `onFailure` is told once when an append fails; from then on every submission fails. */
  constructor(log: Log, onFailure: (error: Error) => void) {
    this.#log = log
    this.#onFailure = onFailure
  }

  /** Whether everything that was submitted has been taken. */
  get idle(): boolean {
    return this.#waiting === 0
  }

  /** Resolves when everything that was submitted has been taken, or has failed. */
  drained(): Promise<void> {
    if (this.idle) return Promise.resolve()
    return new Promise((resolve) => this.#drainers.push(resolve))
  }

  /**
   * Submits a transaction. Throws OVERLOADED when too many wait, VALUE_TOO_LARGE, or what an earlier append failed
   * with; then it was not submitted. One that nobody waits for is the engine's own, which bounds these itself: it is
   * never refused for want of room.
   */
  submit(transaction: Transaction, waiter: Waiter | undefined): void {
    if (this.#failure !== undefined) throw this.#failure
    if (waiter !== undefined && this.#waiting >= limits.callsQueuedMax) throw overloaded()
    if (!this.#builder.add(transaction, wholePartition)) {
      this.#seal()
      this.#builder.add(transaction, wholePartition)
    }
    this.#open.transactions.push(transaction)
    this.#open.waiters.push(waiter)
    this.#waiting += 1
    this.#schedule()
  }

  /** Appends an entry that nobody waits for, behind all that was submitted. */
  submitEntry(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return
    this.#seal()
    this.#sealed.push({ bytes, transactions: [], waiters: [] })
    this.#schedule()
  }

  /** The batch that this process made the entry from; undefined for an entry of an earlier run. */
  take(bytes: Uint8Array): SubmittedBatch | undefined {
    const batch = this.#appended.get(bytes)
    if (batch === undefined) return undefined
    this.#appended.delete(bytes)
    this.#waiting -= batch.transactions.length
    this.#tellDrained()
    return batch
  }

  /** Fails everyone who still waits, and every later submission. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    const batches = [...this.#appended.values(), ...this.#sealed, this.#open]
    this.#appended.clear()
    this.#sealed.length = 0
    this.#open = { transactions: [], waiters: [] }
    this.#waiting = 0
    for (const { waiters } of batches) for (const waiter of waiters) waiter?.fail(error)
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (!this.idle) return
    for (const drained of this.#drainers.splice(0)) drained()
  }

  // After the callers that run now and those they wake: a tick runs when no more promise callbacks are due.
  #schedule(): void {
    if (this.#scheduled || this.#appending >= limits.appendsInFlightMax) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#appending < limits.appendsInFlightMax && this.#failure === undefined) {
      if (this.#sealed.length === 0) this.#seal()
      const batch = this.#sealed.shift()
      if (batch === undefined) return
      this.#append(batch)
    }
  }

  #seal(): void {
    if (this.#builder.count === 0) return
    const { transactions, waiters } = this.#open
    this.#open = { transactions: [], waiters: [] }
    this.#sealed.push({ bytes: this.#builder.take(), transactions, waiters })
  }

  #append(batch: SealedBatch): void {
    this.#appending += 1
    this.#appended.set(batch.bytes, batch)
    const appended = (): void => {
      this.#appending -= 1
      this.#pump()
    }
    this.#log.append(batch.bytes).then(appended, (error: unknown) => this.#failed(error))
  }

  #failed(cause: unknown): void {
    const error =
      cause instanceof StreamyError
        ? cause
        : new StreamyError('STORAGE_FAILED', 'The log refused an entry. Look at the cause, then open again.', { cause })
    const first = this.#failure === undefined
    this.fail(error)
    if (first) this.#onFailure(error)
  }
}

function overloaded(): StreamyError {
  return new StreamyError(
    'OVERLOADED',
    `${limits.callsQueuedMax} calls are waiting. Await some before sending more; this one was not sent.`,
  )
}
