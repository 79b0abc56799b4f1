// What each role must be permitted to publish to reach the streams of a database: derived from the subjects and the API, so
// that what is written into a server's configuration cannot drift from the code. Messages beside the streams are the
// runtime's to add.

import { apiPrefix, type JetStreamApiOptions } from './jetstream-api.ts'
import { bucketSubjects } from './object-format.ts'
import { databaseSubjects, discoverySubjects } from './subjects.ts'

/** Which database. */
export interface DatabaseNames extends JetStreamApiOptions {
  /** The name by which it is found. */
  readonly name: string
  readonly id: string
}

/** Subjects that a client must publish to: it appends, finds the database, and asks how far its log has come. */
export function clientStreamSubjects(database: DatabaseNames, sessionPrefix: string): readonly string[] {
  const { log, discovery, subjects } = namesOf(database)
  return [
    subjects.clientLog(sessionPrefix),
    ...api(database, discovery.stream, ['STREAM.INFO', 'STREAM.MSG.GET']),
    ...api(database, log, ['STREAM.INFO']),
  ]
}

/** Subjects that a worker must publish to: it appends, reads and trims the log, and keeps checkpoints. */
export function workerStreamSubjects(database: DatabaseNames): readonly string[] {
  const { log, discovery, checkpoints, subjects } = namesOf(database)
  return [
    subjects.log,
    `${checkpoints.chunks.slice(0, -1)}*`,
    `${checkpoints.records.slice(0, -1)}*`,
    ...api(database, discovery.stream, ['STREAM.INFO', 'STREAM.MSG.GET']),
    ...api(database, log, ['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET', 'STREAM.PURGE']),
    ...api(database, `${log}.*`, ['CONSUMER.CREATE', 'CONSUMER.MSG.NEXT', 'CONSUMER.DELETE']),
    ...api(database, checkpoints.stream, ['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET', 'STREAM.PURGE']),
  ]
}

/**
 * Subjects that an operator must publish to: makes, changes, saves, restores and deletes the streams, and moves their
 * leaders before a server is stopped. It writes nothing into the log; whoever may save it can read it, though.
 */
export function operatorStreamSubjects(database: DatabaseNames): readonly string[] {
  const { log, discovery, checkpoints } = namesOf(database)
  const calls = ['CREATE', 'INFO', 'UPDATE', 'DELETE', 'SNAPSHOT', 'RESTORE', 'LEADER.STEPDOWN', 'PEER.REMOVE']
  const streams = [discovery.stream, log, checkpoints.stream]
  return [
    discovery.identity,
    discovery.log,
    `${apiPrefix(database)}.INFO`,
    ...api(database, undefined, ['STREAM.NAMES', 'STREAM.LIST']),
    ...api(database, discovery.stream, ['STREAM.MSG.GET']),
    ...streams.flatMap((stream) =>
      api(
        database,
        stream,
        calls.map((call) => `STREAM.${call}`),
      ),
    ),
    // The flow of what is saved and restored.
    '$JS.SNAPSHOT.ACK.>',
    '$JS.SNAPSHOT.RESTORE.>',
  ]
}

function namesOf({ name, id }: DatabaseNames): {
  readonly log: string
  readonly subjects: ReturnType<typeof databaseSubjects>
  readonly discovery: ReturnType<typeof discoverySubjects>
  readonly checkpoints: ReturnType<typeof bucketSubjects>
} {
  const subjects = databaseSubjects(id)
  const checkpoints = bucketSubjects(subjects.checkpointBucket)
  return { log: subjects.logStream, subjects, discovery: discoverySubjects(name), checkpoints }
}

function api(database: DatabaseNames, stream: string | undefined, calls: readonly string[]): readonly string[] {
  const prefix = apiPrefix(database)
  return calls.map((call) => (stream === undefined ? `${prefix}.${call}` : `${prefix}.${call}.${stream}`))
}
