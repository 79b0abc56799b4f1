// The stream reader: every message of a stream from a sequence on, in order and without a gap, whatever becomes of the
// server in between. It pulls through a consumer of its own, which is made anew from the next sequence on as soon as
// anything is odd (a gap, silence, a status, a new link). While no consumer can be had it fetches messages one by one.
//
// R1 Messages are handed out by consecutive sequence, each once.
// R2 What is pulled and not yet taken is bounded; a reader that is not asked pulls nothing.
// R3 A stream that was trimmed past the next message fails the reader with LOG_TRIMMED; one that is shorter than what was
//    read of it, or holds another message where the last was read, or another stream under its name, with LOG_DIVERGED;
//    one with a hole in it, with LOG_CORRUPT.

import { StreamyError, assertReadable, type LogEntry, type LogSource, type Sequence } from '@streamy-db/core'
import type { JetStreamApi, StreamInfo } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { ConnectionEvent, NatsConnection } from './nats-connection.ts'
import { PullConsumer, withRestriction } from './pull-consumer.ts'

/** What a reader reads, and how it tells. */
export interface StreamReaderOptions {
  readonly connection: NatsConnection
  readonly api: JetStreamApi
  readonly stream: string
  /** Entries whose subjects begin so are restricted to what follows. */
  readonly clientPrefix: string
  /** The stream's info; throws when it is not the stream it should be (R3). */
  readonly info: () => Promise<StreamInfo>
  readonly replicas: number
  /** An entry was read. */
  readonly onRead: (sequence: Sequence) => void
  /** Called when there are new entries to be taken, or an error to be thrown. */
  readonly onChange: () => void
}

/** Reads one stream from one sequence on; a source for the core's log readers. See R1 to R3 above. */
export class StreamReader implements LogSource {
  readonly #options: StreamReaderOptions
  readonly #stopListening: () => void
  #next: Sequence
  #last: LogEntry | undefined
  #buffer: LogEntry[] = []
  #bufferedBytes = 0
  #consumer: PullConsumer | undefined
  #failure: Error | undefined
  #running = false
  #released = false
  #attempts = 0
  #pause: { readonly timer: NodeJS.Timeout; readonly wake: () => void } | undefined
  /** The sequence at which a gap was last seen: seen there twice, it is looked into. */
  #gapAt: Sequence | undefined
  #shortSince: number | undefined

  constructor(from: Sequence, options: StreamReaderOptions) {
    this.#next = from
    this.#options = options
    this.#stopListening = options.connection.onEvent((event) => this.#onEvent(event))
  }

  entriesFrom(): readonly LogEntry[] {
    if (this.#buffer.length > 0) {
      const entries = this.#buffer
      this.#buffer = []
      this.#bufferedBytes = 0
      this.#consumer?.pull(this.#room())
      return entries
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#consumer === undefined) void this.#run()
    return []
  }

  release(): void {
    this.#released = true
    this.#stopListening()
    this.#dropConsumer()
    this.#wake()
  }

  // Until there is a consumer or a failure: look at the stream, make a consumer, else fetch without one.
  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      while (!this.#isDone() && this.#consumer === undefined) await this.#attempt()
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error })
      this.#options.onChange()
    } finally {
      this.#running = false
    }
  }

  async #attempt(): Promise<void> {
    if (this.#attempts++ > 0) await this.#wait(retryDelayMs(this.#attempts))
    if (this.#isDone()) return
    try {
      if (!(await this.#isReadable()) || this.#isDone()) return
      if (!(await this.#goesOnFromLast())) throw this.#another()
      if (this.#gapAt === this.#next && !(await this.#fetchNext())) throw this.#hole()
      await this.#startConsumer()
    } catch (error) {
      if (isFinal(error)) throw error
      await this.#fetchSome()
    }
  }

  // R3. A stream with replicas may seem shorter for a moment, while a new leader takes in what was agreed on before.
  async #isReadable(): Promise<boolean> {
    const { state } = await this.#options.info()
    const first = state.messages === 0 ? state.last_seq + 1 : state.first_seq
    const isShort = this.#next > state.last_seq + 1
    if (isShort && this.#options.replicas > 1) {
      this.#shortSince ??= performance.now()
      if (performance.now() - this.#shortSince < jetstreamLimits.divergenceGraceMs) return false
    } else this.#shortSince = undefined
    assertReadable(this.#next, first, state.last_seq)
    return true
  }

  // R3. A stream that had lost its end may have grown as long again while this process could not see it. What is trimmed
  // was below a checkpoint, and cannot be compared.
  async #goesOnFromLast(): Promise<boolean> {
    const last = this.#last
    if (last === undefined) return true
    const { api, stream } = this.#options
    const message = await api.getMessage(stream, { seq: last.sequence })
    if (message === undefined) return true
    return message.timeUs === last.appendTime && Buffer.compare(message.data, last.bytes) === 0
  }

  async #startConsumer(): Promise<void> {
    const { connection, api, stream, clientPrefix } = this.#options
    const consumer = await PullConsumer.create({
      connection,
      api,
      stream,
      clientPrefix,
      from: this.#next,
      onEntry: (entry) => this.#take(entry, consumer),
      onTrouble: () => this.#reset(consumer),
      onDrained: () => this.#consumer?.pull(this.#room()),
    })
    if (this.#isDone() || !connection.connected) return consumer.stop()
    this.#consumer = consumer
    consumer.pull(this.#room())
  }

  #take(entry: LogEntry, from: PullConsumer): void {
    if (from !== this.#consumer || entry.sequence < this.#next) return
    if (entry.sequence > this.#next) {
      this.#gapAt = this.#next
      return this.#reset(from)
    }
    this.#attempts = 0
    this.#accept(entry)
  }

  #accept(entry: LogEntry): void {
    this.#next += 1
    this.#last = entry
    this.#options.onRead(entry.sequence)
    this.#buffer.push(entry)
    this.#bufferedBytes += entry.bytes.length
    if (this.#buffer.length === 1) this.#announce()
  }

  // Told when the connection has handed out all that it has read at once, so that one chunk holds what came in together.
  #announce(): void {
    queueMicrotask(() => {
      if (this.#buffer.length > 0 && !this.#released) this.#options.onChange()
    })
  }

  // Without a consumer: message by message, until one is missing, there are many, or there is no room.
  async #fetchSome(): Promise<void> {
    for (let count = 0; count < jetstreamLimits.directGetsMax; count++) {
      if (this.#isDone() || this.#room() <= 0 || !this.#options.connection.connected) return
      const fetched = await this.#fetchNext().catch(() => false)
      if (!fetched) return
    }
  }

  async #fetchNext(): Promise<boolean> {
    const sequence = this.#next
    const { api, stream, clientPrefix } = this.#options
    const direct = await api.directGet(stream, { seq: sequence })
    // The one that answers directly may lag behind; only the leader knows that a message is not there.
    const message = direct ?? (await api.getMessage(stream, { seq: sequence }))
    if (message === undefined || this.#isDone()) return false
    const entry = { sequence, appendTime: message.timeUs, bytes: message.data }
    this.#accept(withRestriction(entry, message.subject, clientPrefix))
    return true
  }

  #hole(): StreamyError {
    return new StreamyError(
      'LOG_CORRUPT',
      `Entry ${this.#next} is missing from the middle of stream ${this.#options.stream}. Restore the log from a backup.`,
    )
  }

  #another(): StreamyError {
    return new StreamyError(
      'LOG_DIVERGED',
      `Entry ${this.#next - 1} of stream ${this.#options.stream} is another one than was read before: the stream has lost its end, ` +
        'and others have written since. Restore the log from a backup.',
    )
  }

  #reset(consumer: PullConsumer): void {
    if (consumer !== this.#consumer) return
    this.#dropConsumer()
    void this.#run()
  }

  #dropConsumer(): void {
    this.#consumer?.stop()
    this.#consumer = undefined
  }

  #onEvent(event: ConnectionEvent): void {
    if (event.kind === 'disconnected') this.#dropConsumer()
    else if (event.kind === 'reconnected') {
      this.#attempts = 0
      this.#wake()
      void this.#run()
    }
  }

  #room(): number {
    return jetstreamLimits.readerBytesMax - this.#bufferedBytes
  }

  #isDone(): boolean {
    return this.#released || this.#failure !== undefined || this.#options.connection.closed
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), milliseconds).unref()
      this.#pause = { timer, wake: resolve }
    })
  }

  #wake(): void {
    const pause = this.#pause
    if (pause === undefined) return
    this.#pause = undefined
    clearTimeout(pause.timer)
    pause.wake()
  }
}

function retryDelayMs(attempts: number): number {
  return Math.min(jetstreamLimits.retryDelayMinMs * 2 ** Math.min(attempts - 1, 10), jetstreamLimits.retryDelayMaxMs)
}

function isFinal(error: unknown): boolean {
  if (!(error instanceof StreamyError)) return true
  // SERVER_REFUSED: a consumer that cannot be had, because there are too many or no memory for it, may be had later.
  return error.kind !== 'retry' && error.code !== 'SERVER_REFUSED'
}
