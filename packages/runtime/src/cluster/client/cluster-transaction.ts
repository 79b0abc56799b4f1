// ClusterTransaction: one attempt of `db.transaction` on a cluster. Its first query is a strong one and fixes the
// snapshot; all others read as of that position, so they never contradict each other. The commit asserts the versions
// of all actors that were read, nested and absent ones too. When the snapshot can be read no more, the attempt is given up.

import type { Call, Position, Touch } from '@streamy-db/core'
import { SnapshotChanged, TransactionDraft } from '../../transaction-draft.ts'
import type { QueryMessage } from '../protocol/client-message.ts'
import type { Freshness } from '../protocol/question.ts'
import { mergedTouches, type Draft } from './draft.ts'
import type { PreparedCall } from './known-actors.ts'

/** Asks a query. */
export type AskQuery = (call: Call, freshness: Freshness) => Promise<QueryMessage>

/** What a query in a transaction came to. */
export type TransactionAnswer = Exclude<QueryMessage, { kind: 'snapshotGone' }>

/** One attempt. */
export class ClusterTransaction {
  readonly #ask: AskQuery
  readonly #draft = new TransactionDraft()
  readonly #touches: Touch[] = []
  #snapshot: Promise<Position> | undefined
  #asksFootprint = false
  #changed = false

  constructor(ask: AskQuery) {
    this.#ask = ask
  }

  /** Whether the snapshot was lost, so that the attempt cannot commit. */
  get changed(): boolean {
    return this.#changed
  }

  /** Whether a buffered message touches what only a worker can name. */
  get asksFootprint(): boolean {
    return this.#asksFootprint
  }

  /** Asks as of the attempt's snapshot. Rejects with {@link SnapshotChanged} when it is lost. */
  async query(call: Call): Promise<TransactionAnswer> {
    this.#draft.assertOpen()
    const answer = await this.#answer(call)
    if (answer.kind === 'snapshotGone') {
      this.#changed = true
      throw new SnapshotChanged()
    }
    this.#draft.read(answer.reads)
    return answer
  }

  /** Buffers a message. Throws TRANSACTION_INVALID when there are too many. */
  buffer({ call, touches, asksFootprint }: PreparedCall): void {
    this.#draft.buffer(call)
    this.#touches.push(...touches)
    this.#asksFootprint ||= asksFootprint
  }

  /** Ends the attempt: what to submit, undefined when nothing was buffered. */
  end(): Draft | undefined {
    const drafted = this.#draft.end()
    return drafted && { ...drafted, touches: mergedTouches(this.#touches) }
  }

  async #answer(call: Call): Promise<QueryMessage> {
    const fixed = this.#snapshot
    if (fixed !== undefined) return await this.#ask(call, { kind: 'at', position: await fixed })
    const first = this.#ask(call, { kind: 'strong' })
    this.#snapshot = first.then(positionOf)
    // Whoever reads next is told; that nobody does is no unhandled rejection.
    this.#snapshot.catch(() => {})
    return await first
  }
}

function positionOf(answer: QueryMessage): Position {
  if (answer.kind === 'snapshotGone') throw new SnapshotChanged()
  return answer.position
}
