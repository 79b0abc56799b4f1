// A connection whose other end is the test: it sees what is published and says what arrives, when it likes.

import type { ConnectionEvent, NatsConnection, NatsMessage, PublishOptions } from '../nats-connection.ts'

/** One message that was published. */
export interface Published extends PublishOptions {
  readonly subject: string
  readonly bytes: Uint8Array
}

/** A {@link NatsConnection} without a network. */
export class ScriptedConnection implements NatsConnection {
  readonly inboxPrefix = '_INBOX.scripted'
  readonly serverVersion = '2.10.27'
  maxPayload = 2 * 1024 * 1024
  connected = true
  closed = false
  /** What was published since the test last took it. */
  published: Published[] = []
  /** How often somebody looked at the status of what arrived: a real connection decodes the headers for it. */
  statusesRead = 0
  readonly #subscriptions = new Map<string, Set<(message: NatsMessage) => void>>()
  readonly #listeners = new Set<(event: ConnectionEvent) => void>()

  publish(subject: string, bytes: Uint8Array, options: PublishOptions = {}): void {
    this.published.push({ subject, bytes: new Uint8Array(bytes), ...options })
  }

  subscribe(subject: string, handler: (message: NatsMessage) => void): () => void {
    const handlers = this.#subscriptions.get(subject) ?? new Set()
    this.#subscriptions.set(subject, handlers.add(handler))
    return () => void handlers.delete(handler)
  }

  async flush(): Promise<void> {}

  onEvent(listener: (event: ConnectionEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.closed = true
    this.connected = false
    this.tell({ kind: 'closed' })
  }

  /** Everything published since the last call. */
  take(): Published[] {
    return this.published.splice(0)
  }

  tell(event: ConnectionEvent): void {
    if (event.kind === 'disconnected') this.connected = false
    if (event.kind === 'reconnected') this.connected = true
    for (const listener of Array.from(this.#listeners)) listener(event)
  }

  /** Lets a message arrive. */
  arrive(subject: string, data: Uint8Array | string | object, { status = 0, statusText = '', reply = '' } = {}): void {
    const bytes =
      data instanceof Uint8Array
        ? data
        : new TextEncoder().encode(typeof data === 'string' ? data : JSON.stringify(data))
    const readStatus = (): number => {
      this.statusesRead += 1
      return status
    }
    const message: NatsMessage = {
      subject,
      reply,
      data: bytes,
      get status() {
        return readStatus()
      },
      statusText,
      header: () => '',
    }
    for (const [pattern, handlers] of this.#subscriptions)
      if (matches(pattern, subject)) for (const handler of Array.from(handlers)) handler(message)
  }
}

function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split('.'), subject.split('.')]
  return wanted.length === given.length && wanted.every((token, index) => token === '*' || token === given[index])
}
