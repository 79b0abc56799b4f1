// ClientTransaction: one attempt of `db.transaction`. Optimistic: it remembers the version of every actor that its
// queries read, nested and absent ones too, and the commit asserts them all, so what was read is still so at the
// commit's position. That each query sees the same snapshot as those before it is checked as it answers: if anything
// read earlier has changed meanwhile, the attempt is given up.

import { StreamyError, limits } from '@streamy-db/core'
import type { ActorRef, Assert, Call, Position, QueryAnswer, Transaction } from '@streamy-db/core'

/** What an attempt reads from. */
export interface SnapshotSource {
  /** Everything up to here is what queries see now. */
  readonly resolved: Position
  query(call: Call): QueryAnswer
  version(ref: ActorRef): Position | undefined
}

/** Something that an attempt had read changed before it committed. */
export class SnapshotChanged extends StreamyError {
  constructor() {
    super('TRANSACTION_CONFLICT', 'Something this transaction has read was changed meanwhile. It is run again.')
  }
}

/** One attempt. */
export class ClientTransaction {
  readonly #source: SnapshotSource
  readonly #reads = new Map<string, Assert>()
  readonly #calls: Call[] = []
  #readAt: Position | undefined
  #changed = false
  #ended = false

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  /** Whether a query met a change, so that the attempt cannot commit. */
  get changed(): boolean {
    return this.#changed
  }

  /** Answers from the attempt's snapshot. Throws {@link SnapshotChanged}, and what the handler threw. */
  query(call: Call): QueryAnswer {
    this.#assertOpen()
    this.#checkSnapshot()
    const answer = this.#source.query(call)
    for (const { ref, version } of answer.reads) this.#reads.set(ref.id, { ref, version })
    if (this.#reads.size > limits.assertsPerTransactionMax)
      throw tooMuch('read', limits.assertsPerTransactionMax, 'actors')
    return answer
  }

  /** Buffers a message. Throws TRANSACTION_INVALID when there are too many. */
  buffer(call: Call): void {
    this.#assertOpen()
    if (this.#calls.length >= limits.callsPerTransactionMax)
      throw tooMuch('send', limits.callsPerTransactionMax, 'messages')
    this.#calls.push(call)
  }

  /** Ends the attempt: what to submit, undefined when nothing was buffered. */
  end(): Transaction | undefined {
    this.#ended = true
    if (this.#calls.length === 0) return undefined
    const asserts = [...this.#reads.values()]
    return { request: undefined, attempt: 1, source: undefined, asserts, calls: this.#calls, touches: [] }
  }

  #checkSnapshot(): void {
    const { resolved } = this.#source
    if (this.#readAt !== undefined && this.#readAt !== resolved) {
      for (const { ref, version } of this.#reads.values())
        if (this.#source.version(ref) !== version) {
          this.#changed = true
          throw new SnapshotChanged()
        }
    }
    this.#readAt = resolved
  }

  #assertOpen(): void {
    if (!this.#ended) return
    throw new StreamyError(
      'TRANSACTION_INVALID',
      'The transaction has ended. Await everything inside its function, and use db.actor outside it.',
    )
  }
}

function tooMuch(verb: string, most: number, what: string): StreamyError {
  return new StreamyError('TRANSACTION_INVALID', `A transaction may ${verb} at most ${most} ${what}. Split it.`)
}
