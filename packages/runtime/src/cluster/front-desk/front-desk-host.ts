// The port between a worker and its front desk: what the desk needs of whoever executes the log. Types only.

import type {
  ActorRecord,
  ActorRef,
  Call,
  Datum,
  ErrorData,
  LogTime,
  PartitionId,
  Position,
  RecordedOutcome,
  Touch,
  Transaction,
} from '@streamy-db/core'
import type { MayEnd } from '../ending.ts'
import type { VersionRead } from '../protocol/client-message.ts'

/** A worker, as its front desk sees it. */
export interface FrontDeskHost {
  readonly databaseId: string
  readonly partitions: number
  /** Appends an entry that only marks a place in the log; resolves with the end of its batch. */
  barrier(): Promise<Position>
  /**
   * Resolves once everything up to `position` has resolved here, if this worker owned `partition` there; else with
   * undefined, and another owner answers. Undefined too once `ending` does.
   */
  reader(partition: PartitionId, position: Position, ending: MayEnd): Promise<PartitionReader | undefined>
  /** The freshest reader of an owned partition, without waiting; undefined when it is not owned. */
  current(partition: PartitionId): PartitionReader | undefined
}

/** Reads what one worker holds, from the side of one of its partitions. */
export interface PartitionReader {
  /** Everything up to here has resolved: the end of a batch. */
  readonly position: Position
  /** Log time as of `position`. */
  readonly logTime: LogTime
  /** Answers a query from the state as of `at`, the end of a batch; `fetched` holds records of other workers' actors. */
  query(call: Call, at: Position, fetched: ReadonlyMap<string, ActorRecord | undefined>): SnapshotAnswer
  /** One actor's record as of `at`, in bytes; undefined when it was absent. */
  record(ref: ActorRef, at: Position): { readonly bytes: Uint8Array | undefined } | 'gone'
  /** What home has recorded for a request; undefined when it has no outcome. */
  outcome(request: RecordedRequest, home: PartitionId): RecordedOutcome | undefined
  /** What the transaction would touch if it ran now. */
  predict(transaction: Transaction): readonly Touch[]
}

/** Names a request. */
export interface RecordedRequest {
  readonly session: string
  readonly sequence: number
  readonly suffix: string
}

/** What a query came to. What it throws instead is taken for a handler's error that has read nothing. */
export type SnapshotAnswer =
  | { readonly kind: 'answer'; readonly value: Datum; readonly reads: readonly VersionRead[] }
  | { readonly kind: 'failed'; readonly error: ErrorData; readonly reads: readonly VersionRead[] }
  /** It reached an actor of another worker, whose record it needs. */
  | { readonly kind: 'missing'; readonly ref: ActorRef }
  /** The state as of that position cannot be read here any more. */
  | { readonly kind: 'gone' }
