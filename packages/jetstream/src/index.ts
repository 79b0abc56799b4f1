// Public face of Streamy's cluster I/O, by name.

export { assertDurable, durabilityOf, type Durability, type LogCopy, type SyncInterval } from './durability.ts'
export { probeDurability, type DurabilityOptions } from './durability-probe.ts'
export { createKey, type UserKey } from './create-key.ts'
export type { FrameCounts } from './frame-assembler.ts'
export { JetStreamApi, type JetStreamApiOptions } from './jetstream-api.ts'
export { JetStreamCheckpointStore, type CheckpointStoreOptions } from './jetstream-checkpoint-store.ts'
export { JetStreamLog, type LogStream } from './jetstream-log.ts'
export {
  createLogStream,
  openLogStream,
  type CreateLogOptions,
  type OpenLogOptions,
  type OpenedLog,
} from './log-stream.ts'
export {
  adoptNatsConnection,
  connectNats,
  type ConnectionEvent,
  type NatsClient,
  type NatsConnection,
  type NatsMessage,
  type NatsOptions,
  type NatsTls,
} from './nats-connection.ts'
export { NatsMessageBus, type MessageBusCounts } from './nats-message-bus.ts'
export { isSupportedServer, oldestServer } from './server-version.ts'
export type { StreamPublisherOptions } from './stream-publisher.ts'
export {
  clientStreamSubjects,
  operatorStreamSubjects,
  workerStreamSubjects,
  type DatabaseNames,
} from './stream-permissions.ts'
export {
  busSubject,
  databaseSubjects,
  discoverySubjects,
  type DatabaseSubjects,
  type DiscoverySubjects,
} from './subjects.ts'
