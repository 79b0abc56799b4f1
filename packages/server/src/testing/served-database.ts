// A database that is served, for tests: in memory or in a directory, on a free port of the loopback, with what is asked of it
// in a few words.

import { Actor, type ActorClass, ActorError, registerActor } from '@streamy-db/actors'
import { documentActors } from '@streamy-db/documents'
import { kvActors } from '@streamy-db/kv'
import { type Clock, type Database, open } from '@streamy-db/runtime'
import { serverActors } from '../server-actors.ts'
import { type RunningServer, type ServerOptions, startServer } from '../start-server.ts'

/** Thrown by {@link Account}. */
export class InsufficientFunds extends ActorError<{ readonly balance: number }> {}

/** An actor to be called. */
export class Account extends Actor {
  balance = 0

  deposit(amount: number): number {
    return (this.balance += amount)
  }

  withdraw(amount: number): number {
    if (amount > this.balance) throw new InsufficientFunds('not enough', { balance: this.balance })
    return (this.balance -= amount)
  }

  echo(...values: readonly unknown[]): unknown {
    return values[0]
  }

  close(): void {
    this.balance = 0
  }

  statement(): object {
    return { key: this.key, balance: this.balance }
  }
}

registerActor(Account, {
  errors: [InsufficientFunds],
  messages: { deposit: {}, withdraw: {}, echo: {}, close: {} },
  queries: { statement: {} },
})

/** What a request came to. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** As JSON, where it is. */
  readonly json: any // oxlint-disable-line typescript/no-explicit-any -- a test looks at whatever comes
  readonly text: string
}

/** A server and its database. */
export class ServedDatabase implements AsyncDisposable {
  readonly db: Database
  readonly server: RunningServer
  readonly faults: unknown[]

  private constructor(db: Database, server: RunningServer, faults: unknown[]) {
    this.db = db
    this.server = server
    this.faults = faults
  }

  static async start(
    options: ServerOptions & { readonly directory?: string; readonly clock?: Clock } = {},
  ): Promise<ServedDatabase> {
    const { directory = ':memory:', clock, ...rest } = options
    const actors: ActorClass[] = [Account, ...kvActors, ...documentActors, ...serverActors]
    const db = await open(directory, { actors, ...(clock !== undefined && { clock }) })
    const faults: unknown[] = []
    const server = await startServer(db, { port: 0, onFault: (error) => faults.push(error), ...rest })
    return new ServedDatabase(db, server, faults)
  }

  /** Sends a request; an object as body goes as JSON. */
  async ask(
    method: string,
    path: string,
    init: { readonly headers?: Record<string, string>; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const { headers = {}, body } = init
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
    const sent = isRaw ? (body as string | undefined) : JSON.stringify(body)
    const response = await fetch(this.server.url + path, { method, headers, ...(sent !== undefined && { body: sent }) })
    const text = await response.text()
    const isJson = /\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : undefined,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await this.db.close()
  }
}
