// OperationRecords: what the log says of the operations of clients that carry a mark: whether each took effect, at which
// position and log time. A mark is a text that no other operation has, somewhere in its calls; so it is known also of
// what nobody was answered. Where an operation came to its end the reference says; what it did there is for a model.

import { MalformedBytes, openBatch, positionOf, transactionIn, transactionsOf } from '@streamy-db/core'
import { Packed, type Datum, type LogEntry, type Position, type Reply, type Transaction } from '@streamy-db/core'

/** What the log says of one operation. */
export interface OperationRecord {
  /** Of the transaction that took effect; if none did, of the last that came to its end. */
  readonly position: Position
  /** Log time there, in milliseconds. */
  readonly now: number
  /** How many of its transactions took effect: more than one, and something has happened twice. */
  readonly commits: number
}

/** An entry of the log begins: log time goes on. */
export interface EntryStart {
  readonly position: Position
  readonly now: number
}

const marks = /op(\d+)x/g

/** The text that marks an operation. */
export function markOf(number: number): string {
  return `op${number}x`
}

/** Collects records, entry by entry. */
export class OperationRecords {
  readonly starts: EntryStart[] = []
  readonly #markOfRequest = new Map<string, string>()
  readonly #answered = new Set<string>()
  readonly #records = new Map<string, OperationRecord>()

  /** What is known of the operation with a mark; undefined when none of its transactions came to an end. */
  of(mark: string): OperationRecord | undefined {
    return this.#records.get(mark)
  }

  /** Takes note of one entry, of its log time in microseconds and of what it came to. */
  note(entry: LogEntry, logTime: number, replies: readonly Reply[]): void {
    const now = Math.floor(logTime / 1000)
    this.starts.push({ position: positionOf(entry.sequence, 0), now })
    for (const transaction of clientTransactions(entry)) {
      const [mark] = marksIn(transaction)
      if (mark !== undefined) this.#markOfRequest.set(requestName(transaction.request!), mark)
    }
    for (const { request, outcome, position } of replies) {
      if (request === undefined || request.suffix !== '') continue
      const name = requestName(request)
      const mark = this.#markOfRequest.get(name)
      // What is sent again is answered again, with what the first one came to.
      if (mark === undefined || this.#answered.has(name)) continue
      this.#answered.add(name)
      // A conflict, or a request that came too late: it is tried again, or given up, and what it does is not the layer's.
      if (outcome.kind === 'aborted' && outcome.error.name === 'StreamyError') continue
      this.#add(mark, position, now, outcome.kind === 'committed')
    }
  }

  #add(mark: string, position: Position, now: number, committed: boolean): void {
    const known = this.#records.get(mark)
    const commits = (known?.commits ?? 0) + (committed ? 1 : 0)
    if (known !== undefined && known.commits > 0) this.#records.set(mark, { ...known, commits })
    else this.#records.set(mark, { position, now, commits })
  }
}

function requestName({ session, sequence }: { readonly session: string; readonly sequence: number }): string {
  return `${session}/${sequence}`
}

function clientTransactions(entry: LogEntry): readonly Transaction[] {
  const batch = openBatch(entry.bytes, { restricted: entry.restrictedTo !== undefined })
  if (batch.kind !== 'transactions') return []
  return transactionsOf(batch).flatMap((found) => {
    try {
      const transaction = transactionIn(batch, found)
      const { request, source } = transaction
      return request === undefined || request.suffix !== '' || source !== undefined ? [] : [transaction]
    } catch (error) {
      if (error instanceof MalformedBytes) return []
      throw error
    }
  })
}

function marksIn({ calls }: Transaction): readonly string[] {
  return calls.flatMap(({ ref, args }) => [ref.key, ...args.map(textOf)].flatMap((text) => text.match(marks) ?? []))
}

// Marks are of letters and digits, so they stand in the bytes of a value as they are.
function textOf(datum: Datum): string {
  if (typeof datum === 'string') return datum
  return datum instanceof Packed ? Buffer.from(datum.bytes).toString('latin1') : ''
}
