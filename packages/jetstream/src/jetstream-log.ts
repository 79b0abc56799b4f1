// The log contract on one JetStream stream. This file decides; the parts do the work: `stream-publisher.ts` appends,
// `stream-reader.ts` reads, `log-stream.ts` finds or makes the stream and its settings. An append is durable as the
// server's settings define durable (`durability.ts`).

import { setTimeout as delay } from 'node:timers/promises'
import {
  LogReaders,
  StreamyError,
  entryTooLarge,
  limits,
  logClosed,
  type Log,
  type LogEntry,
  type Sequence,
} from '@streamy-db/core'
import type { JetStreamApi, StreamInfo } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection } from './nats-connection.ts'
import { StreamPublisher, type StreamPublisherOptions } from './stream-publisher.ts'
import { StreamReader } from './stream-reader.ts'
import { onceAvailable } from './stream-settings.ts'

/** The stream that a log is, as it was when it was made. */
export interface LogStream {
  readonly name: string
  /** Where this process appends. */
  readonly subject: string
  /** What the subjects of clients' entries begin with. */
  readonly clientPrefix: string
  /** When it was made: another time is another stream under its name (L6). */
  readonly created: string
  readonly replicas: number
}

/** What a log needs besides its stream. */
export interface JetStreamLogOptions {
  readonly connection: NatsConnection
  /** Belongs to the log from now on, which closes it. */
  readonly api: JetStreamApi
  readonly stream: LogStream
  readonly publisher?: StreamPublisherOptions
}

/**
 * A replicated {@link Log}. `append` resolves when the stream's servers have acknowledged the entry. Ids (L3) are known
 * for two minutes. After a change of leader, entries that were in flight together may land in another order than that of
 * the calls; `publisher: { inFlightMax: 1 }` keeps a strict order.
 */
export class JetStreamLog implements Log {
  readonly #connection: NatsConnection
  readonly #api: JetStreamApi
  readonly #stream: LogStream
  readonly #publisher: StreamPublisher
  readonly #subject: string
  readonly #readers = new LogReaders()
  readonly #stopListening: () => void
  /** The highest sequence this process knows to be in the log; what a server tells may be older (L4). */
  #known: Sequence = 0
  #trimming: Promise<void> = Promise.resolve()
  #closed = false

  constructor({ connection, api, stream, publisher }: JetStreamLogOptions) {
    this.#subject = stream.subject
    this.#connection = connection
    this.#api = api
    this.#stream = stream
    this.#publisher = new StreamPublisher(connection, stream.name, publisher)
    this.#stopListening = connection.onEvent((event) => {
      if (event.kind === 'closed') void this.close()
    })
  }

  /** Rejects with SERVER_UNAVAILABLE when its fate is unknown: try again under the same id. STORAGE_FULL until trimmed. */
  async append(bytes: Uint8Array, id?: string): Promise<Sequence> {
    this.#assertOpen()
    if (bytes.length > limits.entryBytesMax) throw entryTooLarge(bytes.length)
    const publication = { subject: this.#subject, bytes }
    const sequence = await this.#publisher.publish(id === undefined ? publication : { ...publication, id })
    this.#know(sequence)
    return sequence
  }

  async tail(): Promise<Sequence> {
    return (await this.#info()).state.last_seq
  }

  async first(): Promise<Sequence> {
    return firstOf((await this.#info()).state)
  }

  read(from: Sequence, signal?: AbortSignal): AsyncIterable<readonly LogEntry[]> {
    const source = new StreamReader(from, {
      connection: this.#connection,
      api: this.#api,
      stream: this.#stream.name,
      clientPrefix: this.#stream.clientPrefix,
      replicas: this.#stream.replicas,
      info: async () => this.#checked(await this.#api.streamInfo(this.#stream.name)),
      onRead: (sequence) => this.#know(sequence),
      onChange: () => this.#readers.wake(),
    })
    return this.#readers.read(source, from, this.#closed ? AbortSignal.abort() : signal)
  }

  /** Keeps the last {@link jetstreamLimits.trimMargin} entries whatever it is asked, since a purge at the tail wipes the stream. */
  trim(before: Sequence): Promise<void> {
    this.#trimming = this.#trimming.catch(() => {}).then(() => this.#trim(before))
    return this.#trimming
  }

  /** Ends its readers and refuses what is not acknowledged. The connection stays open. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopListening()
    this.#publisher.close()
    this.#readers.close()
    await this.#flushed()
    this.#api.close()
  }

  async #trim(before: Sequence): Promise<void> {
    const { state } = await this.#info()
    const keptFrom = Math.min(before, state.last_seq - jetstreamLimits.trimMargin)
    if (keptFrom > 1 && keptFrom > firstOf(state)) await this.#api.purgeStream(this.#stream.name, { seq: keptFrom })
  }

  #know(sequence: Sequence): void {
    if (sequence > this.#known) this.#known = sequence
  }

  // L4, L6. What this process saw acknowledged, or read, is there: a server that tells less is asked again until it has caught up.
  async #info(): Promise<StreamInfo> {
    this.#assertOpen()
    const known = this.#known
    const giveUpAt = performance.now() + (this.#stream.replicas > 1 ? jetstreamLimits.divergenceGraceMs : 0)
    for (;;) {
      const info = this.#checked(await onceAvailable(() => this.#api.streamInfo(this.#stream.name)))
      const { last_seq: last } = info.state
      this.#know(last)
      if (last >= known) return info
      if (performance.now() >= giveUpAt)
        throw this.#diverged(`ends at entry ${last}, and entry ${known} was in it before`)
      await delay(jetstreamLimits.retryDelayMinMs)
    }
  }

  #checked(info: StreamInfo | undefined): StreamInfo {
    if (info === undefined) throw this.#diverged('is gone')
    if (info.created !== this.#stream.created)
      throw this.#diverged(
        `was made at ${info.created}, and the one that belongs to this database at ${this.#stream.created}`,
      )
    return info
  }

  #diverged(what: string): StreamyError {
    return new StreamyError(
      'LOG_DIVERGED',
      `Stream ${this.#stream.name} ${what}. It is not the log that was read and written before: restore it from a backup.`,
    )
  }

  async #flushed(): Promise<void> {
    if (!this.#connection.connected) return
    // So that the server has been told of the consumers that are no longer needed; it finds out by itself otherwise.
    await this.#connection.flush().catch(() => {})
  }

  #assertOpen(): void {
    if (this.#closed) throw logClosed()
  }
}

function firstOf({ messages, first_seq: first, last_seq: last }: StreamInfo['state']): Sequence {
  return messages === 0 ? last + 1 : first
}
