// Public face of the runtime, by name.

export type { ClusterReferenceOptions, ConnectOptions } from './cluster/client/client-options.ts'
export type { ClusterDatabase } from './cluster/client/cluster-database.ts'
export { connectCluster, type ClusterParts } from './cluster/client/connect-cluster.ts'
export { DeadlineExceeded } from './cluster/client/client-errors.ts'
export { systemClock, type Clock } from './clock.ts'
export type { ActorReferences, Database, DatabaseTransaction, ReferenceOptions } from './database.ts'
export { ManualClock } from './manual-clock.ts'
export { open } from './open-embedded.ts'
export type { OpenOptions } from './open-options.ts'
