// The writing side of frames: gathers what is sent to each subject in one turn of the event loop and publishes it together,
// when no more promise callbacks are due: before the loop looks for other work, so that nothing waits for that.
// Nothing is kept for later: while the link is lost, what is sent is dropped and counted, and asked for again.

import { assertPayloadFits, encodeFrames } from './frame.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection } from './nats-connection.ts'

interface Gathered {
  readonly payloads: Uint8Array[]
  bytes: number
}

/** Publishes payloads in frames. */
export class FramePublisher {
  readonly #connection: NatsConnection
  readonly #gathered = new Map<string, Gathered>()
  #scheduled = false
  #dropped = 0
  #closed = false

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  /** Payloads that were dropped because there was no link. */
  get dropped(): number {
    return this.#dropped
  }

  /** Sends `payload` at the end of this turn; its bytes must not change until then. Throws VALUE_TOO_LARGE. */
  send(subject: string, payload: Uint8Array): void {
    if (this.#closed) return
    assertPayloadFits(payload)
    const gathered = this.#gathered.get(subject) ?? { payloads: [], bytes: 0 }
    this.#gathered.set(subject, gathered)
    gathered.payloads.push(payload)
    gathered.bytes += payload.length
    if (gathered.bytes >= jetstreamLimits.frameBytesBufferedMax) this.#publish(subject, gathered)
    else this.#schedule()
  }

  /** Publishes what was gathered. */
  flush(): void {
    for (const [subject, gathered] of this.#gathered) this.#publish(subject, gathered)
  }

  /** Publishes what was gathered, and ignores what is sent afterwards. */
  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  #publish(subject: string, { payloads }: Gathered): void {
    this.#gathered.delete(subject)
    if (!this.#connection.connected) {
      this.#dropped += payloads.length
      return
    }
    for (const frame of encodeFrames(payloads, this.#frameBytesMax())) this.#connection.publish(subject, frame)
  }

  #frameBytesMax(): number {
    return Math.min(jetstreamLimits.frameBytesMax, this.#connection.maxPayload)
  }
}
