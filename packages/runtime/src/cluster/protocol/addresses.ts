// Addresses: every address of the message bus that a cluster uses, in one file. Only replies and welcomes are addressed
// by session, whose name is `<prefix>.<random>`: permissions that name a prefix confine a client to what is its own.
//
//   hello.<name>                         clients, to whoever owns part of the database of that name
//   welcome.<session>                    the answer, before the client knows which database it is
//   <database id>.question.<partition>   clients, to the owner of the partition
//   <database id>.record.<partition>     workers, to the owner of the partition: what no client may ask
//   <database id>.reply.<session>        workers, to one client or worker
//   <database id>.notice                 a worker that became owner, to all clients
//   <database id>.heartbeat              workers, to each other
//   <database id>.checkpoint             a worker that completed a checkpoint, to the others
//   <database id>.status               operators, to all workers
//   <database id>.peer.<partition>       workers, to whoever executes the partition (the core's peer transport)
//
// `permissions.ts` says from this file who may send and listen where.

import { limits, type PartitionId } from '@streamy-db/core'

/** Where to send and to listen. Names, database ids and sessions must be what {@link isToken} and {@link isSession} allow. */
export const addresses = {
  hello: (name: string): string => `hello.${name}`,
  welcome: (session: string): string => `welcome.${session}`,
  question: (databaseId: string, partition: PartitionId): string => `${databaseId}.question.${partition}`,
  record: (databaseId: string, partition: PartitionId): string => `${databaseId}.record.${partition}`,
  reply: (databaseId: string, session: string): string => `${databaseId}.reply.${session}`,
  notice: (databaseId: string): string => `${databaseId}.notice`,
  heartbeat: (databaseId: string): string => `${databaseId}.heartbeat`,
  status: (databaseId: string): string => `${databaseId}.status`,
  checkpoint: (databaseId: string): string => `${databaseId}.checkpoint`,
} as const

/** What the names of workers' sessions begin with, and those of operators' tools; no client's do. */
export const workerSessionPrefix = 'worker'
export const operatorSessionPrefix = 'operator'

/** Whether a text may be one part of an address: a database's name or id. */
export function isToken(text: string): boolean {
  return text.length <= limits.nameBytesMax && /^[\w-]+$/.test(text)
}

/** Whether a text names a session that can be answered: parts of an address, separated by dots. */
export function isSession(text: string): boolean {
  return text.length <= limits.nameBytesMax && /^[\w-]+(\.[\w-]+)*$/.test(text)
}
