// Questions and answers between clients and workers on core NATS, of any size, over one inbox. What is in them is for the
// runtime to say. Nothing is repeated here: a question without an answer fails, and whoever asked knows whether to ask again.

import { FrameAssembler } from './frame-assembler.ts'
import { FramePublisher } from './frame-publisher.ts'
import type { NatsConnection } from './nats-connection.ts'
import { RequestInbox } from './request-inbox.ts'
import { isInbox } from './subjects.ts'

/** Answers a question; only the first answer counts, and it may come later. */
export type Responder = (answer: Uint8Array) => void

/** Asks, and answers what is asked on the subjects it serves. */
export class RequestChannel {
  readonly #connection: NatsConnection
  readonly #inbox: RequestInbox
  readonly #publisher: FramePublisher
  readonly #answers = new FrameAssembler()
  readonly #serving = new Set<() => void>()
  #closed = false

  constructor(connection: NatsConnection) {
    this.#connection = connection
    this.#inbox = new RequestInbox(connection)
    this.#publisher = new FramePublisher(connection)
  }

  /**
   * Asks whoever serves `subject`; resolves with the first answer. Rejects with SERVER_UNAVAILABLE when nobody serves it
   * or answers in time, or the link is lost; PERMISSION_DENIED; OVERLOADED when too many questions wait.
   */
  request(subject: string, question: Uint8Array, options: { readonly timeoutMs?: number } = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const reply = this.#inbox.expect(subject, options.timeoutMs, {
        onAnswer: ({ data }) => {
          const [answer] = this.#answers.receive(data)
          // Alone in its message it may still be part of a larger buffer; the one who asked gets it for good.
          if (answer !== undefined) resolve(new Uint8Array(answer))
          return answer !== undefined
        },
        reject,
      })
      if (reply !== undefined) this.#publisher.sendNow(subject, question, reply)
    })
  }

  /**
   * Answers what is asked on `subject` until the function it gives is called. The question's bytes are only lent and may
   * be part of a larger buffer.
   */
  serve(subject: string, onQuestion: (question: Uint8Array, respond: Responder) => void): () => void {
    const questions = new FrameAssembler()
    const unsubscribe = this.#connection.subscribe(subject, ({ data, reply }) => {
      for (const question of questions.receive(data)) onQuestion(question, this.#responder(reply))
    })
    const stop = (): void => {
      if (this.#serving.delete(stop)) unsubscribe()
    }
    this.#serving.add(stop)
    return stop
  }

  /** Fails what was asked, and serves nothing any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const stop of Array.from(this.#serving)) stop()
    this.#inbox.close()
    this.#publisher.close()
  }

  #responder(reply: string): Responder {
    let answered = !isInbox(reply)
    return (answer) => {
      if (answered) return
      answered = true
      this.#publisher.send(reply, answer)
    }
  }
}
