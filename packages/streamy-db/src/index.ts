// Public face of Streamy, by name: everything a user needs from one package.

export { Actor } from './actor.ts'
export { connect } from './connect.ts'
export { open } from './open.ts'
export { startWorker } from './start-worker.ts'
export type { ClusterDatabase } from './layered-cluster-database.ts'
export type { Database, DatabaseTransaction } from './layered-database.ts'
export {
  actor,
  ActorError,
  ArgumentsInvalid,
  message,
  query,
  reads,
  registerActor,
  transient,
  type ActorClass,
  type ArgumentIssue,
  type LocalReference,
  type Reference,
  type TellReference,
  type TimerHandle,
} from '@streamy-db/actors'
export {
  type Kv,
  type KvAtomic,
  type KvInHandler,
  type KvList,
  KvRangeTooLarge,
  KvTypeMismatch,
  kvRef,
  type KvAbsent,
  type KvAssert,
  type KvCommitResult,
  type KvCommitted,
  type KvEntry,
  type KvEntryAssert,
  type KvFailed,
  type KvGet,
  type KvInTransaction,
  type KvKey,
  type KvKeyPart,
  type KvListOptions,
  type KvMerged,
  type KvRangeAssert,
  type KvRangeGet,
  type KvRangeResult,
  type KvResult,
  type KvSelector,
  type KvSetOptions,
  type KvTransaction,
  type KvTransactionResult,
  type KvUpdate,
  type KvVersion,
} from '@streamy-db/kv'
export { type Right, type RunningServer, type ServerOptions, startServer, type TokenOptions } from '@streamy-db/server'
export { StreamyError, type ErrorCode, type ErrorKind, type Incident, type Position } from '@streamy-db/core'
export {
  createDatabase,
  databasePermissions,
  ManualClock,
  type ActorReferences,
  type Clock,
  type ClusterReferenceOptions,
  type ConnectOptions,
  type CreateDatabaseOptions,
  type CreatedDatabase,
  type DatabasePermissions,
  type DatabaseRole,
  type OpenOptions,
  type ReferenceOptions,
  type RunningWorker,
  type Servers,
  type WorkerOptions,
  type WorkerStatus,
} from '@streamy-db/runtime'
