// TransactionDraft: what one attempt of `db.transaction` has gathered so far: the versions its queries have read, which
// the commit asserts, and the messages it has buffered. Where queries are answered from is not for here.

import { StreamyError, limits } from '@streamy-db/core'
import type { ActorRef, Assert, Call, Position } from '@streamy-db/core'

/** Something that an attempt had read changed before it committed. */
export class SnapshotChanged extends StreamyError {
  constructor() {
    super('TRANSACTION_CONFLICT', 'Something this transaction has read was changed meanwhile. It is run again.')
  }
}

/** What a commit would submit. */
export interface DraftedTransaction {
  readonly asserts: readonly Assert[]
  readonly calls: readonly Call[]
}

/** One attempt's reads and messages. */
export class TransactionDraft {
  readonly #reads = new Map<string, Assert>()
  readonly #calls: Call[] = []
  #ended = false

  /** What has been read so far. */
  get reads(): Iterable<Assert> {
    return this.#reads.values()
  }

  /** Notes what a query has read. Throws TRANSACTION_INVALID when it is too much. */
  read(reads: Iterable<{ readonly ref: ActorRef; readonly version: Position | undefined }>): void {
    for (const { ref, version } of reads) this.#reads.set(ref.id, { ref, version })
    if (this.#reads.size > limits.assertsPerTransactionMax)
      throw tooMuch('read', limits.assertsPerTransactionMax, 'actors')
  }

  /** Buffers a message. Throws TRANSACTION_INVALID when there are too many. */
  buffer(call: Call): void {
    this.assertOpen()
    if (this.#calls.length >= limits.callsPerTransactionMax)
      throw tooMuch('send', limits.callsPerTransactionMax, 'messages')
    this.#calls.push(call)
  }

  /** Ends the attempt: what to submit, undefined when nothing was buffered. */
  end(): DraftedTransaction | undefined {
    this.#ended = true
    return this.#calls.length === 0 ? undefined : { asserts: [...this.#reads.values()], calls: this.#calls }
  }

  /** Throws TRANSACTION_INVALID when the attempt has ended. */
  assertOpen(): void {
    if (!this.#ended) return
    throw new StreamyError(
      'TRANSACTION_INVALID',
      'The transaction has ended. Await everything inside its function, and use db.actor outside it.',
    )
  }
}

/** TRANSACTION_CONFLICT, when every attempt has met a change. */
export function conflictsInEveryAttempt(): StreamyError {
  return new StreamyError(
    'TRANSACTION_CONFLICT',
    `${limits.transactionAttemptsMax} attempts met changes of what the transaction had read. Nothing was written. ` +
      'Read less in it, or make it a message of an actor, which never conflicts.',
  )
}

function tooMuch(verb: string, most: number, what: string): StreamyError {
  return new StreamyError('TRANSACTION_INVALID', `A transaction may ${verb} at most ${most} ${what}. Split it.`)
}
