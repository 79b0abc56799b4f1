// The floor: the least that a durable call can cost on this machine. It packs the same calls with msgpackr, appends each
// group of them to a log as one entry, and resolves a promise per call after the flush that covers it. It executes
// nothing, answers nothing and checks nothing. The group is packed whole, which measured cheaper than call by call.
//
// Group commit: what gathered while the last flush was under way is the next entry. After a flush the next entry waits
// for the callers that the flush woke, as long as they come without leaving the thread; in a closed loop that is
// nearly all of them, and a floor that started at once would write many small entries.

import { Packr } from 'msgpackr'
import type { BareCall } from './call-plan.ts'

/** Where the floor writes to: `lmdb-log.ts` and `segment-log.ts`. */
export interface BareLog {
  /** Resolves when the entry is on stable storage. */
  append(entry: Uint8Array): Promise<unknown>
  /** Every entry, read back. */
  entries(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Makes calls durable and does nothing else. */
export class Floor {
  readonly #log: BareLog
  readonly #packr = new Packr({ useRecords: false })
  #calls: BareCall[] = []
  #waiters: Waiter[] = []
  #flushing = false
  #scheduled = false
  #failure: Error | undefined

  constructor(log: BareLog) {
    this.#log = log
  }

  /** Resolves when the call is durable. */
  call(call: BareCall): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure
      this.#calls.push(call)
      this.#waiters.push({ resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#flushing || this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const waiters = this.#waiters
    const entry = this.#packr.pack(this.#calls)
    this.#calls = []
    this.#waiters = []
    this.#flushing = true
    this.#log.append(entry).then(
      () => this.#flushed(waiters),
      (error: unknown) => this.#fail(error, waiters),
    )
  }

  #flushed(waiters: readonly Waiter[]): void {
    this.#flushing = false
    for (const { resolve } of waiters) resolve()
    if (this.#calls.length > 0) this.#schedule()
  }

  #fail(cause: unknown, waiters: readonly Waiter[]): void {
    this.#failure = cause instanceof Error ? cause : new Error(String(cause))
    for (const { reject } of [...waiters, ...this.#waiters]) reject(this.#failure)
  }
}

/** How many calls a log holds: the sum of the lengths in front of its entries. */
export async function callsIn(log: BareLog): Promise<number> {
  let calls = 0
  for await (const entry of log.entries()) calls += arrayLength(entry)
  return calls
}

/** The length of the msgpack array at the start of `bytes`. */
export function arrayLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = view.getUint8(0)
  if ((head & 0xf0) === 0x90) return head & 0x0f
  if (head === 0xdc) return view.getUint16(1)
  if (head === 0xdd) return view.getUint32(1)
  throw new Error(`An entry of the floor's log starts with ${head}, which is no array.`)
}
