// SnapshotReads: queries that are all answered from one position. The first is a strong one and fixes the position; all
// others read as of it, so they never contradict each other, until the workers have flushed over it.

import type { Call, Position } from '@streamy-db/core'
import type { QueryMessage } from '../protocol/client-message.ts'
import type { Freshness } from '../protocol/question.ts'

/** Asks a query. */
export type AskQuery = (call: Call, freshness: Freshness) => Promise<QueryMessage>

/** What a query of a snapshot that can be read came to. */
export type SnapshotAnswer = Exclude<QueryMessage, { kind: 'snapshotGone' }>

/** Queries at one position. */
export class SnapshotReads {
  readonly #ask: AskQuery
  #fixed: Promise<Position | undefined> | undefined
  #position: Position | undefined

  constructor(ask: AskQuery) {
    this.#ask = ask
  }

  /** Undefined until the first query was answered. */
  get position(): Position | undefined {
    return this.#position
  }

  /** Answers as of the position; undefined when it can be read no more. Rejects with what the asking rejects with. */
  async query(call: Call): Promise<SnapshotAnswer | undefined> {
    const answer = await (this.#fixed === undefined ? this.#first(call) : this.#later(call, this.#fixed))
    return answer === undefined || answer.kind === 'snapshotGone' ? undefined : answer
  }

  async #first(call: Call): Promise<QueryMessage> {
    const asked = this.#ask(call, { kind: 'strong' })
    this.#fixed = asked.then((answer) => (this.#position = positionOf(answer)))
    // Whoever reads next is told; that nobody does is no unhandled rejection.
    this.#fixed.catch(() => {})
    return await asked
  }

  async #later(call: Call, fixed: Promise<Position | undefined>): Promise<QueryMessage | undefined> {
    const position = await fixed
    return position === undefined ? undefined : await this.#ask(call, { kind: 'at', position })
  }
}

function positionOf(answer: QueryMessage): Position | undefined {
  return answer.kind === 'snapshotGone' ? undefined : answer.position
}
