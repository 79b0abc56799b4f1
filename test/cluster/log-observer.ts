// LogObserver: what an operator sees of a database's log on the servers, and can do to it: who leads its stream, how long it
// is, and what becomes of it when it is replaced or cut off. Uses a connection of its own, past any fault between a
// cluster's parts.

import { JetStreamApi, connectNats, databaseSubjects, openLogStream, type NatsConnection } from '@streamy-db/jetstream'

/** How the log's stream stands. */
export interface LogState {
  /** The server that leads it; undefined where there is one copy only, and while a leader is elected. */
  readonly leader: string | undefined
  readonly first: number
  readonly last: number
}

/** One database's log, from outside. */
export class LogObserver {
  readonly #connection: NatsConnection
  readonly #name: string

  private constructor(connection: NatsConnection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  /** Connects to observe the log of the database `name`. */
  static async connect(servers: readonly string[], name: string): Promise<LogObserver> {
    return new LogObserver(await connectNats({ servers, name: 'observer' }), name)
  }

  /** How the stream stands now. */
  async state(): Promise<LogState> {
    return await this.#withStream(async (api, stream) => {
      const { cluster, state } = (await api.streamInfo(stream))!
      return { leader: cluster?.leader, first: state.first_seq, last: state.last_seq }
    })
  }

  /** Puts an empty stream of the same name and settings in its place. */
  async replace(): Promise<void> {
    await this.#withStream(async (api, stream) => {
      const { config } = (await api.streamInfo(stream))!
      // The servers say the whole configuration of a stream.
      const whole = config as Required<typeof config>
      await api.deleteStream(stream)
      await api.createStream(whole)
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #withStream<Answer>(work: (api: JetStreamApi, stream: string) => Promise<Answer>): Promise<Answer> {
    const { databaseId, log } = await openLogStream(this.#connection, { name: this.#name, sessionPrefix: 'observer' })
    const api = new JetStreamApi(this.#connection)
    try {
      return await work(api, databaseSubjects(databaseId).logStream)
    } finally {
      api.close()
      await log.close()
    }
  }
}
