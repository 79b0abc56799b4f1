// The message bus on core NATS: an address is a subject under a prefix. What one turn sends to one address travels as one
// message; what is larger than a message may be travels in parts. Nobody is told when something is lost.

import type { MessageBus } from '@streamy-db/core'
import { FrameAssembler, type FrameCounts } from './frame-assembler.ts'
import { FramePublisher } from './frame-publisher.ts'
import type { NatsConnection } from './nats-connection.ts'
import { busSubject } from './subjects.ts'

/** What a bus has lost since it was made, that it knows of. */
export interface MessageBusCounts extends FrameCounts {
  /** Messages that were not sent because there was no link. */
  readonly unsent: number
}

/** A {@link MessageBus} over a connection, which it leaves open. */
export class NatsMessageBus implements MessageBus {
  readonly #connection: NatsConnection
  readonly #publisher: FramePublisher
  readonly #assembler: FrameAssembler
  readonly #endings = new Set<() => void>()
  #closed = false

  /** `fragmentBytesMax` bounds what it holds of messages that come in parts; see `jetstreamLimits`. */
  constructor(connection: NatsConnection, options: { readonly fragmentBytesMax?: number } = {}) {
    this.#connection = connection
    this.#assembler = new FrameAssembler(options.fragmentBytesMax)
    this.#publisher = new FramePublisher(connection)
  }

  get counts(): MessageBusCounts {
    return { ...this.#assembler.counts, unsent: this.#publisher.dropped }
  }

  /** Throws VALUE_TOO_LARGE for a message above `jetstreamLimits.framedMessageBytesMax`. */
  send(address: string, message: Uint8Array): void {
    if (!this.#closed) this.#publisher.send(busSubject(address), message)
  }

  listen(address: string, handler: (message: Uint8Array) => void): () => void {
    if (this.#closed) return () => {}
    const unsubscribe = this.#connection.subscribe(busSubject(address), ({ data }) => {
      for (const message of this.#assembler.receive(data)) if (!this.#closed) handler(message)
    })
    this.#endings.add(unsubscribe)
    return () => {
      this.#endings.delete(unsubscribe)
      unsubscribe()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#publisher.close()
    this.#closed = true
    for (const unsubscribe of this.#endings) unsubscribe()
    this.#endings.clear()
  }
}
