// Finds the log of a database by the database's name, or makes both. A small stream per name holds two records, each the
// first message of its subject for ever: the identity, which decides the database's id among any number of creators, and
// what the log's stream was when it was made. So two creators at once make one database, a crash between the steps is
// made good by the next one, and a log that was lost or replaced is noticed.

import { randomUUID } from 'node:crypto'
import { StreamyError, limits } from '@streamy-db/core'
import { JetStreamApi, type JetStreamApiOptions, type StreamConfig, type StreamInfo } from './jetstream-api.ts'
import { jetstreamLimits } from './jetstream-limits.ts'
import { JetStreamLog, type LogStream } from './jetstream-log.ts'
import type { NatsConnection } from './nats-connection.ts'
import { StreamPublisher, type StreamPublisherOptions } from './stream-publisher.ts'
import { assertSettings, createStream, onceAvailable } from './stream-settings.ts'
import { databaseSubjects, discoverySubjects, type DiscoverySubjects } from './subjects.ts'

/** Which database, and how to use its log. */
export interface OpenLogOptions extends JetStreamApiOptions {
  /** The database's name: letters, digits, hyphens and underscores. */
  readonly name: string
  readonly publisher?: StreamPublisherOptions
  /** A client's: what the names of its sessions begin with; in its entries nothing else counts. Absent: a worker's. */
  readonly sessionPrefix?: string
}

/** How to make the log when there is none yet; compared, where given, when there is. */
export interface CreateLogOptions extends OpenLogOptions {
  /** The database's id, never used before, for permissions that are written before there is a database. Default: random. */
  readonly id?: string
  /** Copies of the log on as many servers; 3 survive the loss of one. Default 1. */
  readonly replicas?: 1 | 3 | 5
  /** Room for the log between two checkpoints and some more; default 4 GiB. The server sets it aside. */
  readonly maxBytes?: number
}

/** A database's log, found or made. */
export interface OpenedLog {
  readonly databaseId: string
  readonly log: JetStreamLog
  readonly stream: LogStream
}

interface IdentityRecord {
  readonly version: 1
  readonly id: string
  readonly replicas: number
  readonly maxBytes: number
}

interface LogRecord {
  readonly version: 1
  readonly created: string
}

const RECORD_VERSION = 1
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Opens the log of the database `name`; throws DATABASE_MISSING when there is none. */
export async function openLogStream(connection: NatsConnection, options: OpenLogOptions): Promise<OpenedLog> {
  return await withApi(connection, options, async (api, subjects) => {
    const identity = await readRecord<IdentityRecord>(api, subjects, subjects.identity)
    const record = identity && (await readRecord<LogRecord>(api, subjects, subjects.log))
    if (record === undefined) throw databaseMissing(options.name)
    return await openExisting(api, identity!, record)
  })
}

/**
 * Opens the log of the database `name`, making the database when there is none; where there is one it needs no permission
 * to make it. Throws STREAM_MISMATCH when there is one with other settings, SERVER_UNSUITABLE when this server cannot hold
 * it, PERMISSION_DENIED when there is none and this user may not make it.
 */
export async function createLogStream(connection: NatsConnection, options: CreateLogOptions): Promise<OpenedLog> {
  return await withApi(connection, options, async (api, subjects) => {
    const { id = randomUUID(), replicas = 1, maxBytes = jetstreamLimits.logBytesMax } = options
    const found = await readRecord<IdentityRecord>(api, subjects, subjects.identity)
    if (found !== undefined) assertSameOptions(options, found)
    const foundLog = found && (await readRecord<LogRecord>(api, subjects, subjects.log))
    if (foundLog !== undefined) return await openExisting(api, found!, foundLog)
    // Names what is wrong with an id before anything is made.
    databaseSubjects(id)
    await createStream(api, discoveryConfig(subjects, replicas))
    const proposal: IdentityRecord = { version: RECORD_VERSION, id, replicas, maxBytes }
    const identity = await decide(connection, api, subjects, subjects.identity, proposal)
    assertSameOptions(options, identity)
    const record = await readRecord<LogRecord>(api, subjects, subjects.log)
    if (record !== undefined) return await openExisting(api, identity, record)
    // Whoever comes this far makes the same stream, so it does not matter how many do.
    const { created } = await createStream(api, logConfig(identity, connection.maxPayload, options.name))
    const observed: LogRecord = { version: RECORD_VERSION, created }
    const decided = await decide(connection, api, subjects, subjects.log, observed)
    return await openExisting(api, identity, decided)
  })
}

async function withApi(
  connection: NatsConnection,
  options: OpenLogOptions,
  find: (
    api: JetStreamApi,
    subjects: DiscoverySubjects,
  ) => Promise<{ readonly databaseId: string; readonly stream: LogStream }>,
): Promise<OpenedLog> {
  const subjects = discoverySubjects(options.name)
  assertPayload(connection)
  const api = new JetStreamApi(connection, options)
  try {
    const { databaseId, stream } = await find(api, subjects)
    const { publisher, sessionPrefix } = options
    const subject = sessionPrefix === undefined ? stream.subject : `${stream.clientPrefix}${sessionPrefix}`
    const appended = { ...stream, subject }
    const log = new JetStreamLog({ connection, api, stream: appended, ...(publisher && { publisher }) })
    return { databaseId, stream: appended, log }
  } catch (error) {
    api.close()
    throw error
  }
}

async function openExisting(
  api: JetStreamApi,
  identity: IdentityRecord,
  { created }: LogRecord,
): Promise<{ readonly databaseId: string; readonly stream: LogStream }> {
  const { id } = identity
  const { logStream: name, log, clientLogPrefix: clientPrefix } = databaseSubjects(id)
  const info = await onceAvailable(() => api.streamInfo(name))
  if (info === undefined || info.created !== created) {
    const found = info === undefined ? 'is gone' : `was made at ${info.created} instead of ${created}`
    const text = `The log of the database, stream ${name}, ${found}. Restore it from a backup; it is never made anew under its name.`
    throw new StreamyError('LOG_DIVERGED', text)
  }
  assertLogSettings(identity, info)
  return {
    databaseId: id,
    stream: { name, subject: log, clientPrefix, created, replicas: info.config.num_replicas ?? 1 },
  }
}

// The room and the number of copies may be changed by an operator later on; everything else decides what the log promises.
function assertLogSettings(identity: IdentityRecord, info: StreamInfo): void {
  const config = logConfig(identity, 0, '')
  const { max_bytes: _room, max_msg_size: _size, num_replicas: _copies, description: _text, ...promises } = config
  assertSettings(promises, info)
  const { max_msg_size: size = -1, max_bytes: room = -1 } = info.config
  const sizeMin = limits.entryBytesMax + jetstreamLimits.messageOverheadBytes
  if (size !== -1 && size < sizeMin) assertSettings({ max_msg_size: sizeMin }, info)
  if (room <= 0) assertSettings({ max_bytes: identity.maxBytes }, info)
  if (info.config.persist_mode === 'async') assertSettings({ persist_mode: 'default' }, info)
}

/** Publishes `proposal`, and gives the record that was there first, whoever wrote it. */
async function decide<Record extends object>(
  connection: NatsConnection,
  api: JetStreamApi,
  subjects: DiscoverySubjects,
  subject: string,
  proposal: Record,
): Promise<Record> {
  const before = await readRecord<Record>(api, subjects, subject)
  if (before !== undefined) return before
  const publisher = new StreamPublisher(connection, subjects.stream)
  try {
    await publisher.publish({ subject, bytes: encoder.encode(JSON.stringify(proposal)) })
  } catch (error) {
    // Full for this subject: somebody else was first.
    if (!(error instanceof StreamyError && error.code === 'STORAGE_FULL')) throw error
  } finally {
    publisher.close()
  }
  const record = await readRecord<Record>(api, subjects, subject)
  if (record !== undefined) return record
  throw new StreamyError(
    'SERVER_UNAVAILABLE',
    `What was just written to stream ${subjects.stream} is not there yet. Try again.`,
  )
}

async function readRecord<Record extends { readonly version?: number }>(
  api: JetStreamApi,
  { stream }: DiscoverySubjects,
  subject: string,
): Promise<Record | undefined> {
  if ((await onceAvailable(() => api.streamInfo(stream))) === undefined) return undefined
  const message = await onceAvailable(() => api.getMessage(stream, { next_by_subj: subject }))
  if (message === undefined) return undefined
  const record = JSON.parse(decoder.decode(message.data)) as Record
  if (record.version === RECORD_VERSION) return record
  throw new StreamyError(
    'FORMAT_UNKNOWN',
    `Stream ${stream} holds a record of version ${record.version}; this is version ${RECORD_VERSION}. Run a release of Streamy that knows it.`,
  )
}

function discoveryConfig({ stream, all }: DiscoverySubjects, replicas: number): StreamConfig {
  return {
    ...kept,
    name: stream,
    subjects: [all],
    num_replicas: replicas,
    max_bytes: 1024 * 1024,
    max_msgs_per_subject: 1,
    max_msg_size: 4096,
    discard_new_per_subject: true,
    deny_purge: true,
  }
}

function logConfig({ id, replicas, maxBytes }: IdentityRecord, maxPayload: number, database: string): StreamConfig {
  const { logStream, logAll } = databaseSubjects(id)
  return {
    ...kept,
    name: logStream,
    // Two databases with one id would have one log: the second finds that this differs.
    description: `The log of the Streamy database ${database}`,
    subjects: [logAll],
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_msgs_per_subject: -1,
    max_msg_size: maxPayload,
    discard_new_per_subject: false,
    // Trimming needs it.
    deny_purge: false,
  }
}

/** What keeps a message that was acknowledged. */
const kept = {
  storage: 'file',
  retention: 'limits',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  duplicate_window: jetstreamLimits.duplicateWindowMs * 1e6,
  allow_direct: true,
  deny_delete: true,
  allow_rollup_hdrs: false,
} as const satisfies Partial<StreamConfig>

function assertSameOptions({ name, id, replicas, maxBytes }: CreateLogOptions, identity: IdentityRecord): void {
  const asked = { id, replicas, maxBytes }
  for (const option of ['id', 'replicas', 'maxBytes'] as const) {
    if (asked[option] === undefined || asked[option] === identity[option]) continue
    throw new StreamyError(
      'STREAM_MISMATCH',
      `Database ${name} was made with ${option} ${identity[option]}, and ${asked[option]} is asked for now. Leave the option out to open it as it is.`,
    )
  }
}

function assertPayload({ maxPayload }: NatsConnection): void {
  const needed = limits.entryBytesMax + jetstreamLimits.messageOverheadBytes
  if (maxPayload >= needed) return
  throw new StreamyError(
    'SERVER_UNSUITABLE',
    `The NATS server takes messages of up to ${maxPayload} bytes, and one log entry may have ${needed}. Set max_payload: 2MB in its configuration and reload it.`,
  )
}

function databaseMissing(name: string): StreamyError {
  return new StreamyError(
    'DATABASE_MISSING',
    `There is no database ${JSON.stringify(name)} on this server yet. Make it with createDatabase or start a worker for it, or correct the name.`,
  )
}
