// One consumer of a stream and the pulls through it. It hands out what arrives and says when something is odd; it never
// repairs itself, since making another from the next sequence on is simpler and always right (`stream-reader.ts`).

import type { LogEntry, Sequence } from '@streamy-db/core'
import type { JetStreamApi } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection, NatsMessage } from './nats-connection.ts'
import { randomToken } from './random-token.ts'
import { microsecondsOf } from './server-time.ts'

/** What a consumer reads, and whom it tells. */
export interface PullConsumerOptions {
  readonly connection: NatsConnection
  readonly api: JetStreamApi
  readonly stream: string
  /** Entries whose subjects begin so are restricted to what follows. */
  readonly clientPrefix: string
  readonly from: Sequence
  readonly onEntry: (entry: LogEntry) => void
  /** The consumer is gone, silent or out of step: take another. */
  readonly onTrouble: () => void
  /** A pull has ended; there is room for another. */
  readonly onDrained: () => void
}

interface Pull {
  messages: number
  bytes: number
}

const NANOSECONDS_PER_MILLISECOND = 1e6
const encoder = new TextEncoder()

/** A consumer in the server's memory that lives as long as it is pulled from. */
export class PullConsumer {
  readonly #options: PullConsumerOptions
  readonly #name: string
  readonly #prefix: string
  readonly #unsubscribe: () => void
  /** Outstanding pulls by number, oldest first. */
  readonly #pulls = new Map<number, Pull>()
  #counter = 0
  /** Whether anything has arrived since the watch looked last, and how often it saw nothing. */
  #heard = false
  #silences = 0
  readonly #watch: NodeJS.Timeout
  #stopped = false

  static async create(options: PullConsumerOptions): Promise<PullConsumer> {
    const name = `reader-${randomToken()}`
    await options.api.createConsumer(options.stream, {
      name,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: options.from,
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: jetstreamLimits.consumerInactiveMs * NANOSECONDS_PER_MILLISECOND,
      num_replicas: 1,
      mem_storage: true,
      max_waiting: 2 * jetstreamLimits.pullsMax,
    })
    return new PullConsumer(options, name)
  }

  private constructor(options: PullConsumerOptions, name: string) {
    this.#options = options
    this.#name = name
    this.#prefix = `${options.connection.inboxPrefix}.${randomToken()}.`
    this.#unsubscribe = options.connection.subscribe(`${this.#prefix}*`, (message) => this.#receive(message))
    this.#watch = setInterval(() => this.#lookOut(), jetstreamLimits.heartbeatMs).unref()
  }

  /** Asks for more while `room` bytes are left beside what is outstanding. */
  pull(room: number): void {
    while (!this.#stopped && this.#pulls.size < jetstreamLimits.pullsMax) {
      if ((this.#pulls.size + 1) * jetstreamLimits.pullBytes > room) return
      const number = this.#counter++
      this.#pulls.set(number, { messages: jetstreamLimits.pullMessages, bytes: jetstreamLimits.pullBytes })
      const request = {
        batch: jetstreamLimits.pullMessages,
        max_bytes: jetstreamLimits.pullBytes,
        expires: jetstreamLimits.pullExpiresMs * NANOSECONDS_PER_MILLISECOND,
        idle_heartbeat: jetstreamLimits.heartbeatMs * NANOSECONDS_PER_MILLISECOND,
      }
      const { connection, api, stream } = this.#options
      const reply = `${this.#prefix}${number}`
      connection.publish(api.pullSubject(stream, this.#name), encoder.encode(JSON.stringify(request)), { reply })
    }
  }

  /** Hands out nothing more, and tells the server that it may forget the consumer. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    clearInterval(this.#watch)
    this.#unsubscribe()
    const { connection, api, stream } = this.#options
    // Best effort: the server forgets it by itself when nobody pulls.
    if (connection.connected) api.deleteConsumer(stream, this.#name).catch(() => {})
  }

  #receive(message: NatsMessage): void {
    if (this.#stopped) return
    this.#heard = true
    // Only what is delivered has an address for its acknowledgement. To look for its status would decode its headers.
    const delivery = readDelivery(message.reply)
    if (delivery === undefined) return this.#onStatus(message)
    // A message keeps its own subject as it is delivered, so the pull it answers is the oldest that has room.
    this.#count()
    const { sequence, appendTime } = delivery
    const bytes = message.data
    const { clientPrefix, onEntry } = this.#options
    onEntry(withRestriction({ sequence, appendTime, bytes }, message.subject, clientPrefix))
  }

  #onStatus(message: NatsMessage): void {
    const isHeartbeat = message.status === 100
    if (isHeartbeat || message.status === 0) return
    // The pull ended by time, or by the bytes it may bring; anything else says that the consumer is of no more use.
    const ended = message.status === 408 || (message.status === 409 && endings.test(message.statusText))
    if (!ended) return this.#options.onTrouble()
    this.#pulls.delete(Number(message.subject.slice(this.#prefix.length)))
    this.#options.onDrained()
  }

  #count(): void {
    const [first] = this.#pulls
    if (first === undefined) return
    const [number, pull] = first
    pull.messages -= 1
    if (pull.messages > 0) return
    this.#pulls.delete(number)
    this.#options.onDrained()
  }

  // Counts in turns of its own: a process that was held up hears what has arrived before it calls that silence.
  #lookOut(): void {
    this.#silences = this.#heard || this.#pulls.size === 0 ? 0 : this.#silences + 1
    this.#heard = false
    if (this.#silences > jetstreamLimits.heartbeatsMissedMax) this.#options.onTrouble()
  }
}

/** The entry as it is to be read, by the subject that it was published on: what a client wrote is restricted to it. */
export function withRestriction(entry: LogEntry, subject: string, clientPrefix: string): LogEntry {
  if (!subject.startsWith(clientPrefix)) return entry
  const { sequence, appendTime, bytes } = entry
  return { sequence, appendTime, bytes, restrictedTo: subject.slice(clientPrefix.length) }
}

const endings = /Batch Completed|Exceed.* MaxBytes|MaxBytes/i

/**
 * What the reply subject of a delivered message tells of it: `$JS.ACK.stream.consumer.deliveries.sequence.…`, with the
 * domain and the account in front of the stream where there is a domain.
 */
function readDelivery(reply: string): Pick<LogEntry, 'sequence' | 'appendTime'> | undefined {
  const tokens = reply.split('.')
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined
  const at = tokens.length >= 11 ? 7 : 5
  const sequence = Number(tokens[at])
  const time = tokens[at + 2] ?? ''
  if (!Number.isSafeInteger(sequence) || sequence < 1 || !/^\d+$/.test(time)) return undefined
  return { sequence, appendTime: microsecondsOf(time) }
}
