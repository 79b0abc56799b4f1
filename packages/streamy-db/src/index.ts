// Public face of Streamy, by name: everything a user needs from one package.

export {
  Actor,
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
export { StreamyError, type ErrorCode, type ErrorKind, type Incident, type Position } from '@streamy-db/core'
export {
  connect,
  ManualClock,
  open,
  startWorker,
  type ActorReferences,
  type Clock,
  type ClusterDatabase,
  type ClusterReferenceOptions,
  type ConnectOptions,
  type Database,
  type DatabaseTransaction,
  type OpenOptions,
  type ReferenceOptions,
  type RunningWorker,
  type Servers,
  type WorkerOptions,
  type WorkerStatus,
} from '@streamy-db/runtime'
