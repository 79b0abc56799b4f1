// The request inbox: requests over a connection, their answers on one wildcard subscription, told apart by the last token
// of the reply subject. It fails what waits as soon as the link is lost, since those answers will not come. It does not
// repeat requests; whoever knows that repeating is safe does.

import { StreamyError, assert } from '@streamy-db/core'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { ConnectionEvent, NatsConnection, NatsMessage } from './nats-connection.ts'
import { randomToken } from './random-token.ts'

/** What a request may carry besides its bytes. */
export interface RequestOptions {
  readonly timeoutMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Takes the answers of one request: true once it has all it wants. */
export type AnswerHandler = (message: NatsMessage) => boolean

interface Pending {
  readonly subject: string
  readonly deadline: number
  readonly onAnswer: AnswerHandler
  readonly reject: (error: StreamyError) => void
}

/** Requests and their answers over one connection. */
export class RequestInbox {
  readonly #connection: NatsConnection
  readonly #prefix: string
  readonly #pending = new Map<string, Pending>()
  readonly #unsubscribe: () => void
  readonly #stopListening: () => void
  #counter = 0
  #sweeper: NodeJS.Timeout | undefined
  #closed = false

  constructor(connection: NatsConnection) {
    this.#connection = connection
    this.#prefix = `${connection.inboxPrefix}.${randomToken()}.`
    this.#unsubscribe = connection.subscribe(`${this.#prefix}*`, (message) => this.#receive(message))
    this.#stopListening = connection.onEvent((event) => this.#onEvent(event))
  }

  /**
   * Sends a request; resolves with its first answer. Rejects with SERVER_UNAVAILABLE when nobody answers or the link is
   * lost, PERMISSION_DENIED when the server refuses the subject, OVERLOADED when too many wait.
   */
  request(subject: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<NatsMessage> {
    return new Promise((resolve, reject) => {
      const reply = this.expect(subject, options.timeoutMs, { onAnswer: (message) => (resolve(message), true), reject })
      if (reply === undefined) return
      const { headers } = options
      this.#connection.publish(subject, bytes, headers === undefined ? { reply } : { reply, headers })
    })
  }

  /** A reply subject for what is published to `subject`; undefined when it has already been rejected. */
  expect(
    subject: string,
    timeoutMs: number = jetstreamLimits.requestTimeoutMs,
    { onAnswer, reject }: Pick<Pending, 'onAnswer' | 'reject'>,
  ): string | undefined {
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      reject(refusal)
      return undefined
    }
    const token = (this.#counter++).toString(36)
    this.#pending.set(token, { subject, deadline: performance.now() + timeoutMs, onAnswer, reject })
    this.#sweeper ??= setInterval(() => this.#sweep(), jetstreamLimits.sweepEveryMs).unref()
    return this.#prefix + token
  }

  /** Fails what waits and everything asked afterwards. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    this.#stopListening()
    this.#failAll(() => closed())
  }

  #receive(message: NatsMessage): void {
    const token = message.subject.slice(this.#prefix.length)
    const pending = this.#pending.get(token)
    if (pending === undefined) return
    if (message.status === 503 && message.data.length === 0) {
      this.#fail(token, pending, nobodyAnswers(pending.subject))
    } else if (pending.onAnswer(message)) this.#forget(token)
  }

  #onEvent(event: ConnectionEvent): void {
    if (event.kind === 'closed') this.close()
    else if (event.kind === 'disconnected') this.#failAll(() => linkLost())
    else if (event.kind === 'refused' && event.operation === 'publish') {
      for (const [token, pending] of this.#pending)
        if (pending.subject === event.subject) this.#fail(token, pending, denied(pending.subject))
    }
  }

  #sweep(): void {
    const now = performance.now()
    for (const [token, pending] of this.#pending)
      if (pending.deadline <= now) this.#fail(token, pending, noAnswer(pending.subject))
  }

  #failAll(error: () => StreamyError): void {
    for (const [token, pending] of this.#pending) this.#fail(token, pending, error())
  }

  #fail(token: string, pending: Pending, error: StreamyError): void {
    this.#forget(token)
    pending.reject(error)
  }

  #forget(token: string): void {
    const known = this.#pending.delete(token)
    assert(known, 'a request is settled once')
    if (this.#pending.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #refusal(): StreamyError | undefined {
    if (this.#closed) return closed()
    if (!this.#connection.connected) return linkLost()
    if (this.#pending.size < jetstreamLimits.requestsPendingMax) return undefined
    return new StreamyError(
      'OVERLOADED',
      `${jetstreamLimits.requestsPendingMax} requests wait for their answers, the most that are allowed. Try again later.`,
    )
  }
}

/** The error for a subject that the server does not let us publish to. */
export function denied(subject: string): StreamyError {
  return new StreamyError(
    'PERMISSION_DENIED',
    `The NATS server does not permit publishing to ${subject}. Give this user the permissions of its role.`,
  )
}

function nobodyAnswers(subject: string): StreamyError {
  const jetStream = subject.startsWith('$JS.')
    ? 'JetStream does not answer: it is not enabled for this account, or has no leader now. '
    : ''
  return new StreamyError('SERVER_UNAVAILABLE', `${jetStream}Nobody listens to ${subject}. Try again.`)
}

function noAnswer(subject: string): StreamyError {
  return new StreamyError('SERVER_UNAVAILABLE', `No answer came from ${subject} in time. Try again.`)
}

function linkLost(): StreamyError {
  return new StreamyError('SERVER_UNAVAILABLE', 'The connection to NATS is lost at the moment. Try again.')
}

function closed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The connection to NATS is closed. Connect again to use it.')
}
