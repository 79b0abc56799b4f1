// Every subject and stream name of a database, in one place, so that permissions can be written down from it. What the
// names of databases may be is decided here too, since they become part of subjects.

import { StreamyError } from '@streamy-db/core'

/** Where everything of one database is. */
export interface DatabaseSubjects {
  /** The stream that is the log; its name is never used again. */
  readonly logStream: string
  /** Workers append entries by publishing here. */
  readonly log: string
  /**
   * A client whose sessions begin with `sessionPrefix` appends entries by publishing here: nothing counts in them but
   * transactions of those sessions.
   */
  readonly clientLog: (sessionPrefix: string) => string
  /** What the subjects of all clients' entries begin with; the session prefix follows. */
  readonly clientLogPrefix: string
  /** What the log's stream takes in. */
  readonly logAll: string
  /** The bucket of checkpoints, in the format of NATS's object store. */
  readonly checkpointBucket: string
}

/** Where a database is found by its name. */
export interface DiscoverySubjects {
  readonly stream: string
  /** Holds the proposal that decided the database's id. */
  readonly identity: string
  /** Holds what its log was when it was made. */
  readonly log: string
  readonly all: string
}

/** The subjects of the database with this id. */
export function databaseSubjects(databaseId: string): DatabaseSubjects {
  assertToken(databaseId, 'The database id')
  if (reserved.has(databaseId))
    throw new StreamyError(
      'OPTIONS_INVALID',
      `The database id is ${databaseId}, which has a meaning of its own. Take another.`,
    )
  const prefix = `streamy.${databaseId}`
  return {
    logStream: `STREAMY_LOG_${databaseId}`,
    log: `${prefix}.log.worker`,
    clientLog: (sessionPrefix) => `${prefix}.log.client.${sessionPrefix}`,
    clientLogPrefix: `${prefix}.log.client.`,
    logAll: `${prefix}.log.>`,
    checkpointBucket: `STREAMY_CHECKPOINTS_${databaseId}`,
  }
}

/** The subjects by which the database of this name is found; throws OPTIONS_INVALID for a name that cannot be used. */
export function discoverySubjects(name: string): DiscoverySubjects {
  assertToken(name, 'The name of a database')
  const prefix = `streamy.database.${name}`
  return {
    stream: `STREAMY_DATABASE_${name}`,
    identity: `${prefix}.identity`,
    log: `${prefix}.log`,
    all: `${prefix}.*`,
  }
}

/** The subject of an address of the message bus. */
export function busSubject(address: string): string {
  return `streamy.${address}`
}

// Subjects that no database owns continue with these where its id would be.
const reserved: ReadonlySet<string> = new Set(['database', 'hello', 'welcome'])

function assertToken(token: string, what: string): void {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(token)) return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `${what} is ${JSON.stringify(token)}; it must be 1 to 64 letters, digits, hyphens or underscores.`,
  )
}
