// ReplyWitness: hears every reply that a worker sends to a client, from the network, and holds that nobody ever says
// anything else of the same request. What the replies should have been, the reference says in the end.

import { ByteWriter, encodeOutcome, type Outcome, type Position } from '@streamy-db/core'
import { addresses, decodeClientMessage } from '@streamy-db/runtime/testing'
import type { SimulatedCluster } from '../simulated-cluster.ts'
import type { SimulatedProcess } from '../world/simulated-process.ts'

/** One reply that was sent. */
export interface WitnessedReply {
  /** `session/sequence`. */
  readonly request: string
  readonly outcome: string
  readonly position: Position
  readonly by: string
}

/** Hears all replies of one run. */
export class ReplyWitness {
  /** When each process replied for the last time. */
  readonly lastReplyAt = new Map<SimulatedProcess, number>()
  /** What was said, each outcome of each request once. */
  readonly replies = new Map<string, WitnessedReply>()

  constructor({ network, databaseId }: SimulatedCluster) {
    const prefix = addresses.reply(databaseId, '')
    network.onSend = (from, address, bytes) => {
      if (!address.startsWith(prefix)) return
      this.lastReplyAt.set(from, from.ground.schedule.now)
      this.#hear(from.name, address.slice(prefix.length), bytes)
    }
  }

  #hear(by: string, session: string, bytes: Uint8Array): void {
    const message = decodeClientMessage(bytes)
    if (message.kind !== 'replies') return
    for (const { sequence, position, outcome: said } of message.replies) {
      const request = `${session}/${sequence}`
      const outcome = outcomeText(said)
      const key = `${request} ${outcome}`
      if (!this.replies.has(key)) this.replies.set(key, { request, outcome, position, by })
    }
  }
}

/** An outcome as a text: equal texts are equal outcomes. */
export function outcomeText(outcome: Outcome): string {
  const out = new ByteWriter()
  encodeOutcome(out, outcome)
  return Buffer.from(out.take()).toString('base64')
}
