// Public face of Streamy, by name: everything a user needs from one package.

export { Actor } from './actor.ts'
export { open } from './open.ts'
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
export { StreamyError, type ErrorCode, type ErrorKind, type Incident, type Position } from '@streamy-db/core'
export {
  ManualClock,
  type ActorReferences,
  type Clock,
  type OpenOptions,
  type ReferenceOptions,
} from '@streamy-db/runtime'
