// JetStream's JSON API over requests: streams, consumers and single messages, as far as this package uses them. It says
// what the server said, as typed errors; what to do about it is for the callers.

import { StreamyError } from '@streamy-db/core'
import { jetstreamLimits } from './jetstream-limits.ts'
import type { NatsConnection, NatsMessage } from './nats-connection.ts'
import { RequestInbox } from './request-inbox.ts'
import { parseServerTime } from './server-time.ts'

/** A stream's settings, in the server's own words. Durations are in nanoseconds. */
export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly storage: 'file' | 'memory'
  readonly retention: 'limits' | 'interest' | 'workqueue'
  readonly discard: 'new' | 'old'
  readonly num_replicas: number
  readonly max_bytes: number
  readonly max_age: number
  readonly max_msgs: number
  readonly max_msgs_per_subject: number
  readonly max_msg_size: number
  readonly duplicate_window: number
  readonly allow_direct: boolean
  readonly deny_delete: boolean
  readonly deny_purge: boolean
  readonly allow_rollup_hdrs: boolean
  readonly discard_new_per_subject: boolean
  readonly description?: string
  /** From 2.12 on: `async` acknowledges what is not written yet. */
  readonly persist_mode?: string
}

/** A stream as the server tells of it. Whatever is false or zero may be left out of `config`. */
export interface StreamInfo {
  readonly config: Partial<StreamConfig>
  /** When it was made, as the server writes it: another time is another stream. */
  readonly created: string
  readonly state: {
    readonly messages: number
    readonly bytes: number
    readonly first_seq: number
    readonly last_seq: number
    /** Messages per subject, where a filter asked for them. */
    readonly subjects?: Readonly<Record<string, number>> | null
  }
  /** Absent where the server is not clustered. */
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[]
  }
  /** The server's own time. */
  readonly ts?: string
}

/** A consumer's settings, in the server's own words. */
export interface ConsumerConfig {
  readonly name: string
  readonly deliver_policy: 'by_start_sequence'
  readonly opt_start_seq: number
  readonly ack_policy: 'none'
  readonly replay_policy: 'instant'
  readonly inactive_threshold: number
  readonly num_replicas: number
  readonly mem_storage: boolean
  readonly max_waiting: number
}

/** One message of a stream. */
export interface StoredMessage {
  readonly subject: string
  readonly sequence: number
  /** Integer microseconds since 1970. */
  readonly timeUs: number
  readonly data: Uint8Array
}

/** Which message: by its sequence, the last of a subject, or the first of a subject from a sequence on. */
export type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly next_by_subj: string; readonly seq?: number }

/** Numbers by which the server names its errors. */
export const serverErrors = {
  jetStreamDisabledForAccount: 10039,
  jetStreamDisabled: 10076,
  consumerNotFound: 10014,
  messageNotFound: 10037,
  streamNotFound: 10059,
  streamNameInUse: 10058,
  noSuitablePeers: 10005,
  notClustered: 10074,
  insufficientResources: 10023,
  insufficientStorage: 10047,
  resourceLimitsExceeded: 10002,
  storeFailed: 10077,
  messageTooLarge: 10054,
  duplicateInProcess: 10158,
} as const

/** An error that the server answered with. */
export class JetStreamError extends StreamyError {
  /** The server's number; see {@link serverErrors}. */
  readonly serverError: number
  readonly description: string

  constructor(what: string, { code, err_code: serverError, description }: ServerError) {
    const retry = code === 503
    super(
      retry ? 'SERVER_UNAVAILABLE' : 'SERVER_REFUSED',
      `NATS JetStream refused to ${what}: ${description} (${serverError}). ${retry ? 'Try again.' : 'See its log.'}`,
    )
    this.serverError = serverError
    this.description = description
  }
}

interface ServerError {
  readonly code: number
  readonly err_code: number
  readonly description: string
}

/** Settings of the API. */
export interface JetStreamApiOptions {
  /** The JetStream domain, where the account is served through a leaf node. */
  readonly domain?: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const empty = new Uint8Array(0)

/** The calls to JetStream of one connection. */
export class JetStreamApi {
  readonly #inbox: RequestInbox
  readonly #prefix: string

  constructor(connection: NatsConnection, options: JetStreamApiOptions = {}) {
    this.#inbox = new RequestInbox(connection)
    this.#prefix = apiPrefix(options)
  }

  async createStream(config: StreamConfig): Promise<StreamInfo> {
    return await this.#call<StreamInfo>(`create stream ${config.name}`, `STREAM.CREATE.${config.name}`, config)
  }

  async updateStream(config: StreamConfig): Promise<StreamInfo> {
    return await this.#call<StreamInfo>(`update stream ${config.name}`, `STREAM.UPDATE.${config.name}`, config)
  }

  /** Undefined when there is no such stream. `subjectsFilter` asks for the counts of the subjects it matches. */
  async streamInfo(
    name: string,
    subjects?: { readonly filter: string; readonly offset: number },
  ): Promise<StreamInfo | undefined> {
    const body = subjects === undefined ? undefined : { subjects_filter: subjects.filter, offset: subjects.offset }
    return await unless(
      serverErrors.streamNotFound,
      this.#call<StreamInfo>(`tell of stream ${name}`, `STREAM.INFO.${name}`, body),
    )
  }

  async deleteStream(name: string): Promise<void> {
    await unless(serverErrors.streamNotFound, this.#call(`delete stream ${name}`, `STREAM.DELETE.${name}`))
  }

  /** Removes messages below `seq`, or all of the subjects that `filter` matches. */
  async purgeStream(name: string, which: { readonly seq: number } | { readonly filter: string }): Promise<number> {
    return (await this.#call<{ readonly purged: number }>(`purge stream ${name}`, `STREAM.PURGE.${name}`, which)).purged
  }

  async createConsumer(stream: string, config: ConsumerConfig): Promise<void> {
    const body = { stream_name: stream, config, action: 'create' }
    await this.#call(`create a consumer of ${stream}`, `CONSUMER.CREATE.${stream}.${config.name}`, body)
  }

  async deleteConsumer(stream: string, consumer: string): Promise<void> {
    await unless(
      serverErrors.consumerNotFound,
      this.#call(`delete consumer ${consumer}`, `CONSUMER.DELETE.${stream}.${consumer}`),
    )
  }

  /** The subject that pulls are published to. */
  pullSubject(stream: string, consumer: string): string {
    return `${this.#prefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`
  }

  /** A message as the stream's leader knows it; undefined when there is none. */
  async getMessage(stream: string, query: MessageQuery): Promise<StoredMessage | undefined> {
    const answer = await unless(
      serverErrors.messageNotFound,
      this.#call<{ readonly message: RawMessage }>(`read stream ${stream}`, `STREAM.MSG.GET.${stream}`, query),
    )
    return answer === undefined ? undefined : fromRaw(answer.message)
  }

  /**
   * A message as any server that has the stream knows it, without JSON around it. Undefined when that server has none,
   * which may be because it lags behind.
   */
  async directGet(stream: string, query: MessageQuery): Promise<StoredMessage | undefined> {
    const subject = `${this.#prefix}.DIRECT.GET.${stream}`
    const answer = await this.#inbox.request(subject, encoder.encode(JSON.stringify(query)))
    if (answer.status === 404) return undefined
    if (answer.status !== 0) {
      const error = { code: answer.status, err_code: answer.status, description: answer.statusText }
      throw new JetStreamError(`read stream ${stream}`, error)
    }
    return {
      subject: answer.header('Nats-Subject'),
      sequence: Number(answer.header('Nats-Sequence')),
      timeUs: parseServerTime(answer.header('Nats-Time-Stamp')),
      data: answer.data,
    }
  }

  close(): void {
    this.#inbox.close()
  }

  async #call<Answer>(what: string, subject: string, body?: object): Promise<Answer> {
    const bytes = body === undefined ? empty : encoder.encode(JSON.stringify(body))
    const answer = await this.#inbox.request(`${this.#prefix}.${subject}`, bytes, {
      timeoutMs: jetstreamLimits.requestTimeoutMs,
    })
    return parseAnswer(what, answer) as Answer
  }
}

/** The subject that all calls begin with. */
export function apiPrefix({ domain }: JetStreamApiOptions): string {
  return domain === undefined ? '$JS.API' : `$JS.${domain}.API`
}

interface RawMessage {
  readonly subject: string
  readonly seq: number
  readonly time: string
  readonly data?: string
}

function fromRaw({ subject, seq, time, data = '' }: RawMessage): StoredMessage {
  return { subject, sequence: seq, timeUs: parseServerTime(time), data: new Uint8Array(Buffer.from(data, 'base64')) }
}

// An answer is what the server's version says it is; what matters of it is checked where it is used.
function parseAnswer(what: string, message: NatsMessage): unknown {
  const answer = parseJson(what, message) as { readonly error?: ServerError }
  if (answer.error !== undefined) throw new JetStreamError(what, answer.error)
  return answer
}

function parseJson(what: string, message: NatsMessage): unknown {
  try {
    return JSON.parse(decoder.decode(message.data))
  } catch (cause) {
    const text = `NATS JetStream was asked to ${what}, and its answer is no JSON. Check that this is a NATS server.`
    throw new StreamyError('SERVER_REFUSED', text, { cause })
  }
}

async function unless<Answer>(serverError: number, call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof JetStreamError && error.serverError === serverError) return undefined
    throw error
  }
}
