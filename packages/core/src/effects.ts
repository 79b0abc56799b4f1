// Effects: what an engine wants done after an input. Whoever drives it takes them and does them.

import type { Outcome, Reply } from './outcome.ts'
import type { PeerMessage } from './peer-message.ts'
import type { PartitionId, Position, Sequence } from './position.ts'
import type { Transaction } from './transaction.ts'

/** Something that went wrong by itself, for logs and counters: nobody waits for it. */
export interface Incident {
  readonly kind: 'timer-failed' | 'tell-failed' | 'footprint-missed' | 'void-batch' | 'void-transaction'
  readonly position: Position
  readonly reason: string
  /** The handler that could be mended, as `Type.message`, where it is one. */
  readonly handler?: string
}

/** What an engine wants done. */
export interface Effects {
  readonly replies: readonly Reply[]
  /** For other workers; see `destinationOf`. Losing, repeating and reordering them is harmless. */
  readonly messages: readonly PeerMessage[]
  /** To be appended to the log: retries and tells. Losing or repeating them is harmless. */
  readonly submissions: readonly Transaction[]
  readonly incidents: readonly Incident[]
  /** Batches that ask for a checkpoint of the state as of their end. */
  readonly checkpoints: readonly Sequence[]
  /**
   * Partitions of which a worker said that it holds nothing of what this engine waits for. If nobody else answers they
   * have to be replayed here (DESIGN §8).
   */
  readonly unheld: readonly PartitionId[]
}

/**
 * Takes the outcome of the entry at `position`, while those behind it have yet to run; `counted` is that of the entry that
 * came to it, see `Reply`.
 */
export type Answer = (outcome: Outcome, position: Position, counted: Position) => void

/** Effects while they gather. */
export class EffectsBuffer {
  /** Takes outcomes at once, instead of `replies`. */
  answer: Answer | undefined = undefined
  replies: Reply[] = []
  messages: PeerMessage[] = []
  submissions: Transaction[] = []
  incidents: Incident[] = []
  checkpoints: Sequence[] = []
  readonly #unheld = new Set<PartitionId>()

  /** Notes that a partition's messages are not to be had. */
  addUnheld(partition: PartitionId): void {
    this.#unheld.add(partition)
  }

  reply(reply: Reply): void {
    if (this.answer === undefined) this.replies.push(reply)
    else this.answer(reply.outcome, reply.position, reply.counted)
  }

  take(): Effects {
    const { replies, messages, submissions, incidents, checkpoints } = this
    const unheld = [...this.#unheld]
    this.replies = []
    this.messages = []
    this.submissions = []
    this.incidents = []
    this.checkpoints = []
    this.#unheld.clear()
    return { replies, messages, submissions, incidents, checkpoints, unheld }
  }
}
