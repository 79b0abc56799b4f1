// ClientTransaction: one attempt of `db.transaction` over an engine in this process. Optimistic: it remembers the version
// of every actor that its queries read, nested and absent ones too, and the commit asserts them all, so what was read is
// still so at the commit's position. That each query sees the same snapshot as those before it is checked as it answers:
// if anything read earlier has changed meanwhile, the attempt is given up.

import type { ActorRef, Call, Position, QueryAnswer, Transaction } from '@streamy-db/core'
import { SnapshotChanged, TransactionDraft } from './transaction-draft.ts'

/** What an attempt reads from. */
export interface SnapshotSource {
  /** Everything up to here is what queries see now. */
  readonly resolved: Position
  query(call: Call): QueryAnswer
  version(ref: ActorRef): Position | undefined
}

/** One attempt. */
export class ClientTransaction {
  readonly #source: SnapshotSource
  readonly #draft = new TransactionDraft()
  #readAt: Position | undefined
  #changed = false

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  /** Whether a query met a change, so that the attempt cannot commit. */
  get changed(): boolean {
    return this.#changed
  }

  /** Answers from the attempt's snapshot. Throws {@link SnapshotChanged}, and what the handler threw. */
  query(call: Call): QueryAnswer {
    this.#draft.assertOpen()
    this.#checkSnapshot()
    const answer = this.#source.query(call)
    this.#draft.read(answer.reads)
    return answer
  }

  /** Buffers a message. Throws TRANSACTION_INVALID when there are too many. */
  buffer(call: Call): void {
    this.#draft.buffer(call)
  }

  /** Ends the attempt: what to submit, undefined when nothing was buffered. */
  end(): Transaction | undefined {
    const drafted = this.#draft.end()
    return drafted && { request: undefined, attempt: 1, source: undefined, ...drafted, touches: [] }
  }

  #checkSnapshot(): void {
    const { resolved } = this.#source
    if (this.#readAt !== undefined && this.#readAt !== resolved) {
      for (const { ref, version } of this.#draft.reads)
        if (this.#source.version(ref) !== version) {
          this.#changed = true
          throw new SnapshotChanged()
        }
    }
    this.#readAt = resolved
  }
}
