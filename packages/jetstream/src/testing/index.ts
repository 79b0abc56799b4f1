// For the tests of this package and of those above it: servers to test against.

export { NatsCluster, startNatsCluster, type NatsClusterOptions } from './nats-cluster.ts'
export { fetchDebianPackages, type DebianPackages } from './debian-package.ts'
export { findNatsServer, projectCache, type NatsServerBinary, type NatsServerVersion } from './nats-server-binary.ts'
export { NatsServer, startNatsServer, type ClusterMembership, type NatsServerOptions } from './nats-server.ts'
export { startWatchdog } from './watchdog.ts'
