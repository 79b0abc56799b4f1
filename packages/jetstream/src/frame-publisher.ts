// The writing side of frames: gathers what is sent to each subject in one turn of the event loop and publishes it together.
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
  #scheduled: NodeJS.Immediate | undefined
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
    else this.#scheduled ??= setImmediate(() => this.flush())
  }

  /** Publishes what was gathered. */
  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    for (const [subject, gathered] of this.#gathered) this.#publish(subject, gathered)
  }

  /** Publishes what was gathered, and ignores what is sent afterwards. */
  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
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
