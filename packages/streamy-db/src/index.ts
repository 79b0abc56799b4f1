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
  ManualClock,
  open,
  type ActorReferences,
  type Clock,
  type Database,
  type DatabaseTransaction,
  type OpenOptions,
  type ReferenceOptions,
} from '@streamy-db/runtime'
