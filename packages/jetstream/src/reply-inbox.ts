// Replies to clients on core NATS: workers answer to the inbox that a client names in its entries, several answers in one
// message. What is in an answer is for the runtime to say. Lost ones are asked for again under the same request.

import { FrameAssembler, type FrameCounts } from './frame-assembler.ts'
import { FramePublisher } from './frame-publisher.ts'
import type { NatsConnection } from './nats-connection.ts'
import { randomToken } from './random-token.ts'
import { isInbox } from './subjects.ts'

/** The client's side: one subject of its own under which its replies come in. */
export class ReplyInbox {
  /** What the client names as where to reply to. */
  readonly subject: string
  readonly #assembler = new FrameAssembler()
  readonly #unsubscribe: () => void

  /** `onReply` is called for each reply; its bytes are only lent and may be part of a larger buffer. */
  constructor(connection: NatsConnection, onReply: (reply: Uint8Array) => void) {
    this.subject = `${connection.inboxPrefix}.${randomToken()}`
    this.#unsubscribe = connection.subscribe(this.subject, ({ data }) => {
      for (const reply of this.#assembler.receive(data)) onReply(reply)
    })
  }

  get counts(): FrameCounts {
    return this.#assembler.counts
  }

  close(): void {
    this.#unsubscribe()
  }
}

/** The worker's side: sends replies to inboxes. */
export class ReplySender {
  readonly #publisher: FramePublisher
  #refused = 0

  constructor(connection: NatsConnection) {
    this.#publisher = new FramePublisher(connection)
  }

  /** Replies that were not sent: there was no link, or what was named was no inbox. */
  get unsent(): number {
    return this.#publisher.dropped + this.#refused
  }

  /**
   * Replies to `inbox` at the end of this turn; the bytes must not change until then. A subject that is no inbox gets
   * nothing: a client could else have a worker publish where the client itself may not.
   */
  send(inbox: string, reply: Uint8Array): void {
    if (isInbox(inbox)) this.#publisher.send(inbox, reply)
    else this.#refused += 1
  }

  /** Sends what it was given, and ignores what it is given afterwards. */
  close(): void {
    this.#publisher.close()
  }
}
