// RequestSubmitter: adaptive group commit of a client that sequences straight into the log (DESIGN §3). Transactions
// gather in an open entry; as soon as an append may start, whatever has gathered becomes one. So an idle client adds no
// delay and a busy one fills entries. It knows nothing of answers: those come over the bus.
//
// Each entry wakes the server, every worker and this client once more, which costs as much as dozens of requests. Where
// many workers answer, answers come in small pieces, and so would entries go out: so an entry is held back while fewer
// requests have gathered than are on their way, and a small one while most are, for a part of the time that answers take
// anyway.
//
// R1 An entry is appended once, under an id of its own by which the log recognises its own retries (L3).
// R2 Each transaction of an entry that the log refuses is told so, once; other entries go on.

import { BatchBuilder, indexedPartitions, limits, type Log, type Transaction } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import { clientLimits } from './client-limits.ts'

/** What entries are made with. */
export interface RequestSubmitterOptions<Request> {
  readonly log: Log
  readonly clock: Clock
  readonly partitions: number
  /** Unique among all clients; append ids begin with it. */
  readonly session: string
  /** Requests without an answer, whether they have been handed to the log or not. */
  readonly unanswered: () => number
  /** How long answers take nowadays, in microseconds. */
  readonly answerUs: () => number
  /** The log rejected the entry with these requests (R2). */
  readonly onRefused: (requests: readonly Request[], cause: unknown) => void
}

interface SealedEntry<Request> {
  readonly bytes: Uint8Array
  readonly requests: readonly Request[]
}

/** Makes log entries of transactions; see R1 and R2. */
export class RequestSubmitter<Request> {
  readonly #options: RequestSubmitterOptions<Request>
  readonly #builder = new BatchBuilder()
  #requests: Request[] = []
  readonly #sealed: SealedEntry<Request>[] = []
  #appending = 0
  #lastEntry = 0
  #scheduled = false
  /** Until when the open entry is held back. */
  #held: { readonly until: number; readonly cancel: () => void } | undefined

  constructor(options: RequestSubmitterOptions<Request>) {
    this.#options = options
  }

  /** Puts a transaction into the next entry. Throws VALUE_TOO_LARGE; then nothing was submitted. */
  submit(transaction: Transaction, request: Request): void {
    const partitions = indexedPartitions(transaction, this.#options.partitions)
    if (!this.#builder.add(transaction, partitions)) {
      this.#seal()
      this.#builder.add(transaction, partitions)
    }
    this.#requests.push(request)
    this.#schedule()
  }

  /** Answers have come: what is held back may be enough now. */
  answered(): void {
    if (this.#held !== undefined) this.#schedule()
  }

  /** Appends nothing that is still held back. */
  close(): void {
    this.#letGo()
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
    while (this.#appending < limits.appendsInFlightMax) {
      if (this.#sealed.length === 0) {
        if (this.#holds()) return
        this.#seal()
      }
      const entry = this.#sealed.shift()
      if (entry === undefined) return
      void this.#append(entry)
    }
  }

  // Whether the open entry had better wait for more. By an alarm it is sent whatever has come by then.
  #holds(): boolean {
    const { clock, unanswered, answerUs } = this.#options
    const gathered = this.#builder.count
    const underway = unanswered() - gathered
    if (gathered === 0 || gathered >= enoughFor(underway) || underway < clientLimits.gatherUnansweredMin) return false
    if (this.#held !== undefined) return clock.now() < this.#held.until
    const us = Math.min(answerUs() / clientLimits.gatherShare, clientLimits.gatherUsMax)
    if (us < clientLimits.gatherUsMin) return false
    const until = clock.now() + us
    this.#held = { until, cancel: clock.alarm(until, () => this.#pump()) }
    return true
  }

  #letGo(): void {
    this.#held?.cancel()
    this.#held = undefined
  }

  #seal(): void {
    if (this.#builder.count === 0) return
    this.#letGo()
    this.#sealed.push({ bytes: this.#builder.take(), requests: this.#requests })
    this.#requests = []
  }

  async #append({ bytes, requests }: SealedEntry<Request>): Promise<void> {
    const { log, session } = this.#options
    this.#appending += 1
    try {
      await log.append(bytes, `${session}.${++this.#lastEntry}`)
    } catch (cause) {
      this.#options.onRefused(requests, cause)
    }
    this.#appending -= 1
    this.#pump()
  }
}

// How many make an entry while so many others are on their way.
function enoughFor(underway: number): number {
  const { gatherSmallTimes, gatherSmallMax } = clientLimits
  return Math.max(underway, Math.min(gatherSmallTimes * underway, gatherSmallMax))
}
