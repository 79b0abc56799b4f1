// Makes the streams of a database, for an operator: workers and clients then need no permission to make anything. Which
// actors there are and into how many partitions they are divided says the first worker (`find-database.ts`).

import { StreamyError } from '@streamy-db/core'
import {
  JetStreamCheckpointStore,
  connectNats,
  createLogStream,
  databaseSubjects,
  type JetStreamLog,
  type LogStream,
  type NatsConnection,
  type NatsOptions,
} from '@streamy-db/jetstream'
import { isToken } from './protocol/addresses.ts'

/** Where the servers are, and how to connect to them: TLS, credentials, nkeys and tokens pass through. */
export type Servers = string | readonly string[] | NatsOptions

/** What a database is made with. Only `name` must be given. */
export interface CreateDatabaseOptions {
  /** The database's name: letters, digits, `-` and `_`. */
  readonly name: string
  /**
   * Its id, part of every subject: for permissions that are written before there is a database. Never give one that was
   * used before, even if its database is gone. Default: random.
   */
  readonly id?: string
  /** Copies of the log and of checkpoints: 3 survive the loss of a server. Default 1. */
  readonly replicas?: 1 | 3 | 5
  /** The log's room on each server that has a copy, in bytes; several times what is logged from one checkpoint to the next. Default 4 GiB. */
  readonly maxLogBytes?: number
  /** The room of the checkpoints, in bytes: three times the state at least. Default: what the servers have. */
  readonly maxCheckpointBytes?: number
}

/** A database that is there now. */
export interface CreatedDatabase {
  readonly name: string
  /** What permissions name; see `databasePermissions`. */
  readonly id: string
  readonly replicas: number
}

/** The streams of one database, open. */
export interface DatabaseStreams {
  readonly databaseId: string
  readonly log: JetStreamLog
  readonly stream: LogStream
  readonly checkpoints: JetStreamCheckpointStore
}

/**
 * Makes the database `name`, or completes one that was half made; one that is there stays as it is.
 *
 * Rejects with OPTIONS_INVALID, SERVER_UNAVAILABLE, SERVER_UNSUITABLE, STORAGE_FULL, PERMISSION_DENIED, and STREAM_MISMATCH
 * when there is one of that name, or of that id, that differs from what is asked for.
 *
 * ```ts
 * const { id } = await createDatabase('nats://127.0.0.1:4222', { name: 'bank', replicas: 3 })
 * ```
 */
export async function createDatabase(servers: Servers, options: CreateDatabaseOptions): Promise<CreatedDatabase> {
  checkCreateOptions(options)
  const connection = await connectNats(natsOptions(servers, `streamy operator of ${options.name}`))
  try {
    const { databaseId, stream, log, checkpoints } = await openStreams(connection, options)
    await checkpoints.close()
    await log.close()
    return { name: options.name, id: databaseId, replicas: stream.replicas }
  } finally {
    await connection.close()
  }
}

/** Opens the streams of a database, making those that are missing. */
export async function openStreams(
  connection: NatsConnection,
  options: CreateDatabaseOptions,
): Promise<DatabaseStreams> {
  const { name, id, replicas, maxLogBytes: maxBytes, maxCheckpointBytes = -1 } = options
  const made = { ...(id && { id }), ...(replicas && { replicas }), ...(maxBytes && { maxBytes }) }
  const { databaseId, log, stream } = await createLogStream(connection, { name, ...made })
  try {
    const bucket = databaseSubjects(databaseId).checkpointBucket
    const room = { replicas: stream.replicas, maxBytes: maxCheckpointBytes }
    return {
      databaseId,
      log,
      stream,
      checkpoints: await JetStreamCheckpointStore.open(connection, { bucket, ...room }),
    }
  } catch (error) {
    await log.close()
    throw error
  }
}

/** The options of a connection, from whatever a user gives. */
export function natsOptions(servers: Servers, name: string): NatsOptions {
  if (typeof servers === 'object' && 'servers' in servers) return { name, ...servers }
  return { servers, name }
}

function checkCreateOptions(options: CreateDatabaseOptions | undefined): asserts options is CreateDatabaseOptions {
  if (typeof options?.name !== 'string' || !isToken(options.name))
    throw invalid('A database needs a name of letters, digits, - and _: createDatabase(url, { name: "bank" }).')
  const { replicas = 1, maxLogBytes = 1, maxCheckpointBytes = 1 } = options
  if (![1, 3, 5].includes(replicas)) throw invalid(`The option replicas is ${String(replicas)}. Give 1, 3 or 5.`)
  for (const [option, value] of Object.entries({ maxLogBytes, maxCheckpointBytes }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`The option ${option} has the value ${String(value)}. Give whole numbers above zero.`)
}

function invalid(message: string): StreamyError {
  return new StreamyError('OPTIONS_INVALID', message)
}
