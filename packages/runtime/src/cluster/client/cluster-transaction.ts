// ClusterTransaction: one attempt of `db.transaction` on a cluster. All its queries read one snapshot, and the commit
// asserts the versions of all actors that were read, nested and absent ones too. When the snapshot can be read no more,
// the attempt is given up.

import type { Call, Touch } from '@streamy-db/core'
import { SnapshotChanged, TransactionDraft } from '../../transaction-draft.ts'
import { mergedTouches, type Draft } from './draft.ts'
import type { PreparedCall } from './known-actors.ts'
import { SnapshotReads, type AskQuery, type SnapshotAnswer } from './snapshot-reads.ts'

/** One attempt. */
export class ClusterTransaction {
  readonly #snapshot: SnapshotReads
  readonly #draft = new TransactionDraft()
  readonly #touches: Touch[] = []
  #asksFootprint = false
  #changed = false

  constructor(ask: AskQuery) {
    this.#snapshot = new SnapshotReads(ask)
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
  async query(call: Call): Promise<SnapshotAnswer> {
    this.#draft.assertOpen()
    const answer = await this.#snapshot.query(call)
    if (answer === undefined) {
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
}
