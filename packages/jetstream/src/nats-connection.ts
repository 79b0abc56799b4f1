// The connection to NATS as this package sees it, and the one file that knows the client library. It is implemented over
// what `nats` 2 and its successor `@nats-io/*` have in common, so a program may hand in a connection of either. Nothing of
// JetStream is here.

import { connect, credsAuthenticator, nkeyAuthenticator, type Authenticator, type ConnectionOptions } from 'nats'
import { StreamyError } from '@streamy-db/core'
import { randomToken } from './random-token.ts'
import { isSupportedServer, oldestServer } from './server-version.ts'

/** A message as it arrives. Its bytes are the client's own, valid as long as they are referenced. */
export interface NatsMessage {
  readonly subject: string
  /** Where an answer is expected; empty when none is. */
  readonly reply: string
  readonly data: Uint8Array
  /** The status a server sends in place of a message, such as 503 when nobody listens; 0 for ordinary messages. */
  readonly status: number
  /** What the server says of the status; empty for ordinary messages. */
  readonly statusText: string
  /** A header's value; empty when it is not there. */
  header(name: string): string
}

/** What a publish may carry besides its bytes. */
export interface PublishOptions {
  readonly reply?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What becomes of a connection. */
export type ConnectionEvent =
  /** The link is gone; what was on its way is lost. The client tries to connect again by itself. */
  | { readonly kind: 'disconnected' }
  /** The link is back and every subscription with it. */
  | { readonly kind: 'reconnected' }
  /** The server refuses what we publish or subscribe to. */
  | { readonly kind: 'refused'; readonly operation: 'publish' | 'subscription'; readonly subject: string }
  /** For good. */
  | { readonly kind: 'closed' }

/** A connection, as far as this package needs one. */
export interface NatsConnection {
  /** Prefix of the subjects under which answers come in; permissions tell roles apart by it. */
  readonly inboxPrefix: string
  /** The most bytes, headers included, that the server takes in one message. */
  readonly maxPayload: number
  readonly serverVersion: string
  /** False while there is no link: what is published then may be lost. */
  readonly connected: boolean
  readonly closed: boolean
  /** Sends in the order of the calls; the bytes are not copied and must not change in this turn of the event loop. */
  publish(subject: string, bytes: Uint8Array, options?: PublishOptions): void
  /** Calls `handler` for each message until the function it gives is called. */
  subscribe(subject: string, handler: (message: NatsMessage) => void): () => void
  /** Resolves when the server has taken everything that was published before. */
  flush(): Promise<void>
  /** Calls `listener` for each event until the function it gives is called. */
  onEvent(listener: (event: ConnectionEvent) => void): () => void
  /** Closes the connection, or lets go of one that was handed in. */
  close(): Promise<void>
}

/** How to connect. Everything but `servers` has a default. */
export interface NatsOptions {
  readonly servers: string | readonly string[]
  /** Shown by the server's monitoring. */
  readonly name?: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** An nkey's seed, `SU…`. */
  readonly nkeySeed?: string
  /** The contents of a credentials file. */
  readonly credentials?: string
  readonly tls?: NatsTls
  /** Begins with `_INBOX`; one of its own per role, since whoever may subscribe to it reads all answers under it. */
  readonly inboxPrefix?: string
}

/** Files and contents of TLS; an empty object demands TLS with the system's authorities. */
export interface NatsTls {
  readonly certFile?: string
  readonly cert?: string
  readonly caFile?: string
  readonly ca?: string
  readonly keyFile?: string
  readonly key?: string
}

/** What a connection of `nats` 2 or `@nats-io/*` 3 that is handed in must have. */
export interface NatsClient {
  readonly info?: { readonly version: string; readonly max_payload: number; readonly headers?: boolean } | undefined
  publish(subject: string, payload?: Uint8Array, options?: { reply?: string; headers?: never }): void
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: ClientMessage) => void },
  ): { unsubscribe(): void }
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
  closed(): Promise<unknown>
  close(): Promise<void>
  isClosed(): boolean
}

interface ClientMessage {
  readonly subject: string
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: { readonly code: number; readonly description: string; get(name: string): string } | undefined
}

interface ClientStatus {
  readonly type: string
  readonly permissionContext?: { readonly operation: string; readonly subject: string }
  readonly error?: { readonly operation?: string; readonly subject?: string }
}

const RECONNECT_WAIT_MS = 100
const encoder = new TextEncoder()

/** Connects, and goes on connecting again after every loss of the link until `close`. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const inboxPrefix = checkedPrefix(options.inboxPrefix)
  const client = await connect(clientOptions(options, inboxPrefix)).catch((cause: unknown) => {
    throw new StreamyError(
      'SERVER_UNAVAILABLE',
      `No NATS server takes the connection at ${[options.servers].flat().join(', ')}: ${messageOf(cause)}. ` +
        'Check the address, whether the server runs, and the credentials.',
      { cause },
    )
  })
  return checked(new ClientConnection(client, inboxPrefix, () => client.close()))
}

/**
 * A connection over one that the program made itself and closes itself. It should reconnect for ever
 * (`maxReconnectAttempts: -1`). Its subscriptions begin with `inboxPrefix`, which the client keeps to itself.
 */
export function adoptNatsConnection(
  client: NatsClient,
  options: { readonly inboxPrefix?: string } = {},
): NatsConnection {
  return checked(new ClientConnection(client, checkedPrefix(options.inboxPrefix), async () => {}))
}

class ClientConnection implements NatsConnection {
  readonly inboxPrefix: string
  readonly #client: NatsClient
  readonly #closeClient: () => Promise<void>
  readonly #listeners = new Set<(event: ConnectionEvent) => void>()
  readonly #subscriptions = new Set<() => void>()
  #connected = true
  #closed = false

  constructor(client: NatsClient, inboxPrefix: string, closeClient: () => Promise<void>) {
    this.inboxPrefix = inboxPrefix
    this.#client = client
    this.#closeClient = closeClient
    void this.#watch()
  }

  get maxPayload(): number {
    return this.#client.info?.max_payload ?? 0
  }

  get serverVersion(): string {
    return this.#client.info?.version ?? ''
  }

  get connected(): boolean {
    return this.#connected && !this.closed
  }

  get closed(): boolean {
    return this.#closed || this.#client.isClosed()
  }

  publish(subject: string, bytes: Uint8Array, { reply, headers }: PublishOptions = {}): void {
    if (this.closed) return
    // What is published most has neither.
    if (reply === undefined && headers === undefined) return this.#client.publish(subject, bytes)
    this.#client.publish(subject, bytes, {
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined ? {} : { headers: encodable(headers) }),
    })
  }

  subscribe(subject: string, handler: (message: NatsMessage) => void): () => void {
    if (this.closed) throw connectionClosed()
    const subscription = this.#client.subscribe(subject, {
      // An error here is a refusal, which the status tells too.
      callback: (error, message) => {
        if (error === null) guarded(handler, new ClientMessageView(message))
      },
    })
    const unsubscribe = (): void => {
      if (!this.#subscriptions.delete(unsubscribe) || this.#client.isClosed()) return
      subscription.unsubscribe()
    }
    this.#subscriptions.add(unsubscribe)
    return unsubscribe
  }

  async flush(): Promise<void> {
    if (this.closed) throw connectionClosed()
    await this.#client.flush().catch((cause: unknown) => {
      throw new StreamyError('SERVER_UNAVAILABLE', 'The connection to NATS was lost. Try again.', { cause })
    })
  }

  onEvent(listener: (event: ConnectionEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    for (const unsubscribe of Array.from(this.#subscriptions)) unsubscribe()
    this.#end()
    await this.#closeClient()
  }

  async #watch(): Promise<void> {
    void this.#client.closed().then(
      () => this.#end(),
      () => this.#end(),
    )
    for await (const status of this.#client.status()) {
      if (this.#closed) return
      const event = eventOf(status)
      if (event === undefined) continue
      if (event.kind === 'disconnected') this.#connected = false
      if (event.kind === 'reconnected') this.#connected = true
      this.#tell(event)
    }
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#connected = false
    this.#tell({ kind: 'closed' })
    this.#listeners.clear()
  }

  #tell(event: ConnectionEvent): void {
    for (const listener of Array.from(this.#listeners)) guarded(listener, event)
  }
}

/** A message over the client's own, whose parts the client decodes when they are asked for. */
class ClientMessageView implements NatsMessage {
  readonly #message: ClientMessage

  constructor(message: ClientMessage) {
    this.#message = message
  }

  get subject(): string {
    return this.#message.subject
  }

  get reply(): string {
    return this.#message.reply ?? ''
  }

  /** No Buffer, whatever the client gives: the same bytes should look the same wherever they come from. */
  get data(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#message.data
    return new Uint8Array(buffer, byteOffset, byteLength)
  }

  get status(): number {
    return this.#message.headers?.code ?? 0
  }

  get statusText(): string {
    return this.#message.headers?.description ?? ''
  }

  header(name: string): string {
    return this.#message.headers?.get(name) ?? ''
  }
}

function clientOptions(options: NatsOptions, inboxPrefix: string): ConnectionOptions {
  const authenticators: Authenticator[] = []
  if (options.nkeySeed !== undefined) authenticators.push(nkeyAuthenticator(encoder.encode(options.nkeySeed)))
  if (options.credentials !== undefined) authenticators.push(credsAuthenticator(encoder.encode(options.credentials)))
  return {
    servers: [options.servers].flat(),
    name: options.name ?? 'streamy',
    inboxPrefix,
    noAsyncTraces: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    maxReconnectAttempts: -1,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.tls === undefined ? {} : { tls: { ...options.tls } }),
    ...(authenticators.length === 0 ? {} : { authenticator: authenticators }),
  }
}

function checkedPrefix(prefix = `_INBOX.${randomToken()}`): string {
  if (/^_INBOX[\w-]*(\.[\w-]+)*$/.test(prefix)) return prefix
  throw new StreamyError(
    'OPTIONS_INVALID',
    `The inbox prefix ${JSON.stringify(prefix)} cannot be used: it must be a subject without wildcards that begins with _INBOX, such as _INBOX_bank.`,
  )
}

function checked(connection: NatsConnection): NatsConnection {
  if (isSupportedServer(connection.serverVersion)) return connection
  const version = connection.serverVersion
  void connection.close()
  throw new StreamyError(
    'SERVER_UNSUITABLE',
    `The NATS server is version ${version === '' ? 'unknown' : version}; Streamy needs ${oldestServer} or later, because older ones lose acknowledged messages. Upgrade nats-server.`,
  )
}

/** Headers in the form that both clients' `publish` asks for: an object that encodes itself. */
function encodable(headers: Readonly<Record<string, string>>): never {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const encoded = encoder.encode(`NATS/1.0\r\n${lines.join('')}\r\n`)
  // Each client has a type of its own here, and calls nothing of it but this method.
  return { encode: () => encoded } as never
}

// What a handler throws would end the client's loop that reads the socket. It is our bug, so it ends the process.
function guarded<Argument>(handler: (argument: Argument) => void, argument: Argument): void {
  try {
    handler(argument)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function eventOf(status: ClientStatus): ConnectionEvent | undefined {
  if (status.type === 'disconnect') return { kind: 'disconnected' }
  if (status.type === 'reconnect') return { kind: 'reconnected' }
  const { operation, subject } = status.permissionContext ?? status.error ?? {}
  if (status.type !== 'error' || subject === undefined) return undefined
  return { kind: 'refused', operation: operation === 'publish' ? 'publish' : 'subscription', subject }
}

function connectionClosed(): StreamyError {
  return new StreamyError('DATABASE_CLOSED', 'The connection to NATS is closed. Connect again to use it.')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
