// Public face of the runtime, by name.

export type { ClusterReferenceOptions, ConnectOptions } from './cluster/client/client-options.ts'
export type { ClusterDatabase } from './cluster/client/cluster-database.ts'
export { clusterLog, type OpenedClusterLog } from './cluster/cluster-log.ts'
export { connect } from './cluster/connect.ts'
export {
  createDatabase,
  type CreateDatabaseOptions,
  type CreatedDatabase,
  type Servers,
} from './cluster/create-database.ts'
export { databasePermissions, type DatabasePermissions, type DatabaseRole } from './cluster/permissions.ts'
export { startWorker } from './cluster/start-worker.ts'
export { clusterStatus, type ClusterStatus } from './cluster/status/cluster-status.ts'
export type { WorkerReport } from './cluster/status/worker-report.ts'
export { describeView, type RunningWorker, type WorkerStatus } from './cluster/worker/running-worker.ts'
export type { WorkerOptions } from './cluster/worker/worker-options.ts'
export { connectCluster, type ClusterParts } from './cluster/client/connect-cluster.ts'
export { DeadlineExceeded } from './cluster/client/client-errors.ts'
export { systemClock, type Clock } from './clock.ts'
export type { ActorReferences, Database, DatabaseTransaction, ReferenceOptions } from './database.ts'
export type { ActorOf, ActorType, Change, ChangeOf, ChangesOptions, StateOf } from './history/change.ts'
export { AbortableIterator } from './history/abortable-iterator.ts'
export type { DatabaseView } from './history/past-view.ts'
export type { ApplyContext, Projection, ProjectOptions } from './history/projection.ts'
export {
  layerPort,
  layerPortOf,
  type Executed,
  type ExecuteOptions,
  type LayerChange,
  type LayerChanges,
  type LayerChangesOptions,
  type LayerPort,
  type LayerSnapshot,
  type NamedCall,
} from './layer-port.ts'
export { ManualClock } from './manual-clock.ts'
export { open } from './open-embedded.ts'
export type { OpenOptions } from './open-options.ts'
export { createKey, type UserKey } from '@streamy-db/jetstream'
