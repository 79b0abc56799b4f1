// What tests of other packages use: the conformance suites of the ports, and what drives the core in tests.

export { anyDatum, anyOutcome, anyRef, anyTransaction } from './any-transaction.ts'
export { faultIn, faultsByDamage } from './damage.ts'
export { testCheckpointStoreConformance, type CheckpointStoreFixture } from './checkpoint-store-conformance.ts'
export { testLogConformance, type LogFixture } from './log-conformance.ts'
export { MemoryBusNetwork, type BusFaults } from './memory-bus.ts'
export { MemoryCluster, type ClusterOptions } from './memory-cluster.ts'
export { testMessageBusConformance, type MessageBusFixture } from './message-bus-conformance.ts'
export { MemoryNetwork, type NetworkFaults } from './memory-transport.ts'
export { testStateStoreConformance, type StateStoreFixture } from './state-store-conformance.ts'
export { ToyError, ToyProgram } from './toy-program.ts'
export { itemsCall, lookCall, reachOf, scriptArgs, scriptCall, toyRef, toyType } from './toy-script.ts'
export type { Declared, Script, Step } from './toy-script.ts'
export { keyIn, request, toyTransaction } from './toy-transactions.ts'
export { testTransportConformance, type TransportFixture } from './transport-conformance.ts'

// What tests break, to see that it is noticed.
export { KeptMessages } from '../kept-messages.ts'
export { LockNode } from '../key-transaction-processor.ts'
export { Outbox } from '../outbox.ts'
export { Ownership } from '../ownership.ts'
export { Sessions } from '../sessions.ts'
export { TransactionsInFlight } from '../transactions-in-flight.ts'
export { VotesTransaction } from '../votes-transaction.ts'

// The formats and rules of the log and the state, for executors that share nothing else with the engine.
export { footprintOf, nextAttempt, protocolOf } from '../footprint.ts'
export type { RunOutcome } from '../outcome.ts'
export { hashText } from '../random.ts'
export { assertFailedMessage, poisonedMessage } from '../run-transaction.ts'
export { expiredMessage } from '../sessions.ts'
export {
  decodeActorRecord,
  decodeOutboxRecord,
  decodeRequestRecord,
  decodeSession,
  encodeActorRecord,
  encodeOutboxRecord,
  encodeRequestRecord,
  encodeSession,
  keyPrefixes,
  partitionPrefix,
  requestKey,
  sortableNumber,
  StateHash,
  type OutboxRecord,
  type RequestRecord,
  type SessionRecord,
} from '../state-format.ts'
export { decodeTransaction } from '../transaction-codec.ts'
