// Public face of the core, by name.

export { assert, errorKinds, StreamyError, unreachable, type ErrorCode, type ErrorKind } from './errors.ts'
export {
  assertCheckpointName,
  checkpointCorrupt,
  checkpointManifestName,
  checkpointMissing,
  checkpointOf,
  checkpointPartName,
  checkpointPrefix,
  checkpointStoreClosed,
  type CheckpointStore,
} from './checkpoint-store.ts'
export { CommitCollector, type Commit, type CommitSink } from './commit.ts'
export { HistoryTrimmed, StateHistory, type Boundary, type HistoryRetention } from './state-history.ts'
export { inBlocks } from './in-blocks.ts'
export { MemoryCheckpointStore } from './memory-checkpoint-store.ts'
export { limits } from './limits.ts'
export type { Log, LogEntry } from './log.ts'
export { LogReaders, type LogSource } from './log-reader.ts'
export { MinHeap } from './min-heap.ts'
export { assertReadable, entryTooLarge, logClosed, MemoryLog } from './memory-log.ts'
export { MemoryStateStore, storeClosed } from './memory-state-store.ts'
export {
  changeView,
  decodeChange,
  decodeView,
  encodeChange,
  encodeView,
  firstView,
  memberOf,
  ownedBy,
  targetsOf,
  type Member,
  type MembershipChange,
  type View,
  type WorkerIdentity,
} from './membership.ts'
export type { MessageBus } from './message-bus.ts'
export type { LogTime, PartitionId, Position, Sequence } from './position.ts'
export { Random } from './random.ts'
export { RecentIds } from './recent-ids.ts'
export type { StateChange, StateStore } from './state-store.ts'
export { CELL_BYTES } from './cell-budget.ts'
export type { ActorRecord, ActorValue, Timer } from './actor-record.ts'
export { ByteReader, MalformedBytes } from './byte-reader.ts'
export { ByteSlab } from './byte-slab.ts'
export { ByteWriter } from './byte-writer.ts'
export { freeze, freezeBriefly, Packed, sameDatum, thaw, type Datum, type Scalar, type StoredForms } from './datum.ts'
export type { ErrorData } from './error-data.ts'
export { EventTimeSorter } from './event-time-sorter.ts'
export type { EventTimeSorterOptions, PushResult, Sorted } from './event-time-sorter.ts'
export { Execution, FootprintMiss, Slot } from './execution.ts'
export type { ActorSpace, ExecutionOptions, Tell, Write } from './execution.ts'
export type { Program } from './program.ts'
export { actorRef, refOfId, sameActor } from './transaction.ts'
export type { AccessMode, ActorRef, Call, Touch } from './transaction.ts'
export { BatchBuilder } from './batch-builder.ts'
export {
  controlBody,
  encodeControlBatch,
  formatVersion,
  openBatch,
  transactionIn,
  transactionsOf,
  type Batch,
  type BatchTransaction,
} from './batch-codec.ts'
export { Engine, type EngineOptions, type EngineSnapshot, type SnapshotAnswer } from './engine.ts'
export type { QueryAnswer } from './query.ts'
export type { Effects, Incident } from './effects.ts'
export type { StateCapture } from './engine-state.ts'
export { FootprintBuilder, homeOf, indexedPartitions, partitionOf } from './footprint.ts'
export { decodePeerMessage, destinationOf, encodePeerMessage, type PeerMessage } from './peer-message.ts'
export type { Aborted, Committed, Outcome, RecordedOutcome, Reply } from './outcome.ts'
export { endOfBatch, indexOf, positionOf, sequenceOf, transactionIndexMax } from './position.ts'
export { isTell } from './sessions.ts'
export {
  decodeActorRecord,
  decodeHeld,
  decodeOutcome,
  decodeProgress,
  encodeActorRecord,
  encodeOutcome,
  encodeProgress,
  heldKey,
  keyPrefixes,
  partitionPrefix,
  partitionPrefixes,
  progressKey,
  viewKey,
  type Progress,
} from './state-format.ts'
export { decodeTransaction, encodeTransaction, readCall, readRef, writeCall, writeRef } from './transaction-codec.ts'
export type { Assert, Request, Transaction } from './transaction.ts'
export { peerAddress, PeerTransport } from './peer-transport.ts'
export type { Transport } from './transport.ts'
