// The publisher: messages into a stream, each landing once however often it must be sent. A few are in flight, their
// acknowledgements come in on one subscription. When one goes wrong (no answer, no leader, the link lost) everything in
// flight is sent again in order after a pause, under the same ids, which the server knows for its duplicate window.
//
// P1 A publish resolves only when the server has acknowledged it: the message is in the stream at that sequence.
// P2 Sent again under its id, a message lands once within the duplicate window.
// P3 Messages land in the order of the calls, except that those in flight together when one had to be sent again may
//    land in any order. With one in flight the order is strict.
// P4 A message that cannot land is refused with the reason; one whose fate is unknown fails with SERVER_UNAVAILABLE.

import { StreamyError, assert, logClosed } from '@streamy-db/core'
import { serverErrors } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { ConnectionEvent, NatsConnection, NatsMessage } from './nats-connection.ts'
import { randomToken } from './random-token.ts'
import { denied } from './request-inbox.ts'

/** Settings of a publisher; each has a default. */
export interface StreamPublisherOptions {
  /** Messages in flight; 1 keeps a strict order (P3). */
  readonly inFlightMax?: number
  readonly bytesInFlightMax?: number
  readonly acknowledgeTimeoutMs?: number
  readonly publishTimeoutMs?: number
}

/** One message to publish. */
export interface Publication {
  readonly subject: string
  readonly bytes: Uint8Array
  /** Under which it lands once; one of its own when left out. */
  readonly id?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Publish extends Publication {
  readonly id: string
  /** After which its fate is unknown (P4). */
  readonly deadline: number
  /** Given when it is first sent: the higher the later. */
  number: number
  /** When it was last sent. */
  sentAt: number
  readonly resolve: (sequence: number) => void
  readonly reject: (error: Error) => void
}

interface Acknowledgement {
  readonly stream?: string
  readonly seq?: number
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
}

const decoder = new TextDecoder()

/** Publishes into one stream; see P1 to P4 above. */
export class StreamPublisher {
  readonly #connection: NatsConnection
  readonly #stream: string
  readonly #settings: Required<StreamPublisherOptions>
  readonly #prefix: string
  readonly #idPrefix = randomToken()
  readonly #unsubscribe: () => void
  readonly #stopListening: () => void
  /**
   * Sent and not acknowledged, in the order of the calls, in which they mostly are acknowledged. No Map: the tables that one
   * leaves behind as it is used point to the next, and keep the bytes of all that was ever in flight for the garbage collector.
   */
  readonly #inFlight: Publish[] = []
  readonly #queue: Publish[] = []
  #queueStart = 0
  #bytesInFlight = 0
  #counter = 0
  /** Counts the times that everything was sent again: a failure of an earlier time says nothing about this one. */
  #round = 0
  #delayMs: number = jetstreamLimits.retryDelayMinMs
  #pause: NodeJS.Timeout | undefined
  #sweeper: NodeJS.Timeout | undefined
  #closed = false

  constructor(connection: NatsConnection, stream: string, options: StreamPublisherOptions = {}) {
    this.#connection = connection
    this.#stream = stream
    this.#settings = {
      inFlightMax: jetstreamLimits.publishesInFlightMax,
      bytesInFlightMax: jetstreamLimits.publishBytesInFlightMax,
      acknowledgeTimeoutMs: jetstreamLimits.acknowledgeTimeoutMs,
      publishTimeoutMs: jetstreamLimits.publishTimeoutMs,
      ...options,
    }
    this.#prefix = `${connection.inboxPrefix}.${randomToken()}.`
    this.#unsubscribe = connection.subscribe(`${this.#prefix}*`, (message) => this.#receive(message))
    this.#stopListening = connection.onEvent((event) => this.#onEvent(event))
  }

  /** Publishes one message; resolves with its sequence in the stream. The bytes must not change until then. */
  publish(publication: Publication): Promise<number> {
    if (this.#closed) return Promise.reject(logClosed())
    if (this.#queue.length - this.#queueStart >= jetstreamLimits.publishesQueuedMax)
      return Promise.reject(this.#overloaded())
    return new Promise((resolve, reject) => {
      const id = publication.id ?? `${this.#idPrefix}-${this.#counter++}`
      const deadline = performance.now() + this.#settings.publishTimeoutMs
      this.#queue.push({ ...publication, id, deadline, number: 0, sentAt: 0, resolve, reject })
      this.#sweeper ??= setInterval(() => this.#sweep(), jetstreamLimits.sweepEveryMs).unref()
      this.#fill()
    })
  }

  /** Refuses what is not acknowledged yet, and everything from now on. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    this.#stopListening()
    clearTimeout(this.#pause)
    this.#failWhere(() => true, logClosed())
  }

  // Sends from the queue as long as there is room, unless a pause before sending again is under way.
  #fill(): void {
    while (this.#pause === undefined && this.#connection.connected) {
      const next = this.#queue[this.#queueStart]
      if (next === undefined || !this.#hasRoom(next.bytes.length)) break
      this.#queueStart += 1
      next.number = this.#counter++
      this.#inFlight.push(next)
      this.#bytesInFlight += next.bytes.length
      this.#send(next)
    }
    // The queue's front is given back in large pieces: shifting each one would copy the rest each time.
    if (this.#queueStart <= 1024 && this.#queueStart < this.#queue.length) return
    this.#queue.splice(0, this.#queueStart)
    this.#queueStart = 0
  }

  #hasRoom(bytes: number): boolean {
    if (this.#inFlight.length === 0) return true
    return (
      this.#inFlight.length < this.#settings.inFlightMax &&
      this.#bytesInFlight + bytes <= this.#settings.bytesInFlightMax
    )
  }

  #send(publish: Publish): void {
    const { subject, bytes, id, headers, number } = publish
    publish.sentAt = performance.now()
    const reply = `${this.#prefix}${number.toString(36)}-${this.#round.toString(36)}`
    this.#connection.publish(subject, bytes, { reply, headers: { 'Nats-Msg-Id': id, ...headers } })
  }

  #receive(message: NatsMessage): void {
    const [numberText = '', roundText = ''] = message.subject.slice(this.#prefix.length).split('-')
    const number = Number.parseInt(numberText, 36)
    const publish = this.#inFlight.find((each) => each.number === number)
    if (publish === undefined) return
    const outcome = this.#outcome(message, publish)
    // That it landed is true whichever time it was sent; that it did not, only of the last.
    if (typeof outcome === 'number') {
      this.#delayMs = jetstreamLimits.retryDelayMinMs
      this.#settle(publish)
      publish.resolve(outcome)
    } else if (Number.parseInt(roundText, 36) !== this.#round) return
    else if (outcome === 'again') return this.#sendAgain()
    else {
      this.#settle(publish)
      publish.reject(outcome)
    }
    this.#fill()
  }

  #outcome(message: NatsMessage, { bytes }: Publish): number | 'again' | StreamyError {
    if (message.status !== 0) return 'again'
    const { stream, seq, error } = readAcknowledgement(message.data)
    if (error !== undefined) return refusalOf(error, this.#stream, bytes.length)
    if (stream === this.#stream && seq !== undefined && Number.isSafeInteger(seq))
      // A repeat of what has not quite landed yet is acknowledged without a sequence.
      return seq > 0 ? seq : 'again'
    return new StreamyError(
      'STORAGE_FAILED',
      `A message for stream ${this.#stream} was acknowledged by ${stream ?? 'nobody known'}. Check the subjects of the server's streams.`,
    )
  }

  // Waits, longer each time, then sends all that is in flight once more, in the order of the calls.
  #sendAgain(): void {
    if (this.#pause !== undefined || this.#closed) return
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      if (!this.#connection.connected) return
      this.#round += 1
      for (const publish of this.#inFlight) this.#send(publish)
      this.#fill()
    }, this.#delayMs)
    this.#delayMs = Math.min(this.#delayMs * 2, jetstreamLimits.retryDelayMaxMs)
  }

  #onEvent(event: ConnectionEvent): void {
    if (event.kind === 'closed') return this.close()
    if (event.kind === 'reconnected') {
      this.#delayMs = jetstreamLimits.retryDelayMinMs
      return this.#sendAgain()
    }
    if (event.kind !== 'refused' || event.operation !== 'publish') return
    this.#failWhere(({ subject }) => subject === event.subject, denied(event.subject))
  }

  #sweep(): void {
    const now = performance.now()
    if (this.#isAnyOverdue(now)) this.#failWhere(({ deadline }) => deadline <= now, this.#fateUnknown())
    const [oldest] = this.#inFlight
    const overdue = oldest !== undefined && now - oldest.sentAt > this.#settings.acknowledgeTimeoutMs
    if (overdue && this.#connection.connected) this.#sendAgain()
    if (this.#inFlight.length > 0 || this.#queue.length > this.#queueStart) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  // All are tried equally long, so the oldest in flight, else the oldest waiting, is the first to be overdue.
  #isAnyOverdue(now: number): boolean {
    const [oldest = this.#queue[this.#queueStart]] = this.#inFlight
    return oldest !== undefined && oldest.deadline <= now
  }

  #failWhere(applies: (publish: Publish) => boolean, error: StreamyError): void {
    for (const publish of this.#inFlight.filter(applies)) {
      this.#settle(publish)
      publish.reject(error)
    }
    const waiting = this.#queue.splice(0).slice(this.#queueStart)
    this.#queueStart = 0
    for (const publish of waiting) {
      if (applies(publish)) publish.reject(error)
      else this.#queue.push(publish)
    }
  }

  #settle(publish: Publish): void {
    const place = this.#inFlight.indexOf(publish)
    assert(place >= 0, 'a publish is settled once')
    this.#inFlight.splice(place, 1)
    this.#bytesInFlight -= publish.bytes.length
  }

  #overloaded(): StreamyError {
    return new StreamyError(
      'OVERLOADED',
      `${jetstreamLimits.publishesQueuedMax} messages wait to be published to stream ${this.#stream}, the most that are allowed. Try again later.`,
    )
  }

  #fateUnknown(): StreamyError {
    return new StreamyError(
      'SERVER_UNAVAILABLE',
      `Stream ${this.#stream} acknowledged nothing for ${this.#settings.publishTimeoutMs} ms; the message may have landed or not. Try again under the same id.`,
    )
  }
}

function readAcknowledgement(data: Uint8Array): Acknowledgement {
  try {
    // Whoever may publish to our inbox is trusted no further than the checks that follow.
    return (JSON.parse(decoder.decode(data)) ?? {}) as Acknowledgement
  } catch {
    return {}
  }
}

function refusalOf(
  { code, err_code: serverError, description }: NonNullable<Acknowledgement['error']>,
  stream: string,
  size: number,
): 'again' | StreamyError {
  if (serverError === serverErrors.duplicateInProcess) return 'again'
  const full = serverError === serverErrors.storeFailed && /^maximum .*exceeded/.test(description)
  if (full || serverError === serverErrors.resourceLimitsExceeded || serverError === serverErrors.insufficientStorage) {
    return new StreamyError(
      'STORAGE_FULL',
      `Stream ${stream} is full: ${description}. Trim it or make it larger, then try again.`,
    )
  }
  if (serverError === serverErrors.messageTooLarge)
    return new StreamyError(
      'BATCH_TOO_LARGE',
      `A message of ${size} bytes is larger than stream ${stream} takes. Send less at once.`,
    )
  if (code === 503 && serverError !== serverErrors.storeFailed) return 'again'
  return new StreamyError(
    'STORAGE_FAILED',
    `Stream ${stream} did not take a message: ${description} (${serverError}). See the server's log.`,
  )
}
