// The transport between workers on core NATS: each message goes to the subject of its destination's partition, where the
// partition's owner listens. Best effort, as the contract allows; whoever waits for a message asks again (K6).

import {
  MalformedBytes,
  decodePeerMessage,
  destinationOf,
  encodePeerMessage,
  type PartitionId,
  type PeerMessage,
  type Transport,
} from '@streamy-db/core'
import { FrameAssembler, type FrameCounts } from './frame-assembler.ts'
import { FramePublisher } from './frame-publisher.ts'
import type { NatsConnection } from './nats-connection.ts'
import type { DatabaseSubjects } from './subjects.ts'

/** What a transport has lost since it was made, that it knows of. */
export interface TransportCounts extends FrameCounts {
  /** Messages that were not sent because there was no link. */
  readonly unsent: number
  /** Messages that came to a partition that is not theirs. */
  readonly misdirected: number
}

/** A {@link Transport} over a connection, which it leaves open. */
export class NatsTransport implements Transport {
  readonly #connection: NatsConnection
  readonly #subjects: DatabaseSubjects
  readonly #publisher: FramePublisher
  readonly #assembler = new FrameAssembler()
  readonly #listening = new Map<PartitionId, () => void>()
  #handler: ((message: PeerMessage) => void) | undefined
  #malformed = 0
  #misdirected = 0
  #closed = false

  constructor(connection: NatsConnection, subjects: DatabaseSubjects) {
    this.#connection = connection
    this.#subjects = subjects
    this.#publisher = new FramePublisher(connection)
  }

  get counts(): TransportCounts {
    const { malformed, abandoned } = this.#assembler.counts
    return {
      malformed: malformed + this.#malformed,
      abandoned,
      unsent: this.#publisher.dropped,
      misdirected: this.#misdirected,
    }
  }

  /** Throws VALUE_TOO_LARGE for a message above `jetstreamLimits.framedMessageBytesMax`. */
  send(message: PeerMessage): void {
    if (!this.#closed) this.#publisher.send(this.#subjects.peer(destinationOf(message)), encodePeerMessage(message))
  }

  listen(partitions: readonly PartitionId[]): void {
    if (this.#closed) return
    const wanted = new Set(partitions)
    for (const [partition, unsubscribe] of this.#listening) {
      if (wanted.has(partition)) continue
      unsubscribe()
      this.#listening.delete(partition)
    }
    for (const partition of wanted) {
      if (this.#listening.has(partition)) continue
      const subject = this.#subjects.peer(partition)
      this.#listening.set(
        partition,
        this.#connection.subscribe(subject, ({ data }) => this.#receive(partition, data)),
      )
    }
  }

  onMessage(handler: (message: PeerMessage) => void): void {
    this.#handler = handler
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.listen([])
    this.#closed = true
    this.#handler = undefined
    this.#publisher.close()
  }

  #receive(partition: PartitionId, data: Uint8Array): void {
    for (const payload of this.#assembler.receive(data)) {
      const message = this.#decode(payload)
      if (message === undefined) continue
      if (destinationOf(message) !== partition) this.#misdirected += 1
      else this.#handler?.(message)
    }
  }

  #decode(payload: Uint8Array): PeerMessage | undefined {
    try {
      return decodePeerMessage(payload)
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error
      this.#malformed += 1
      return undefined
    }
  }
}
