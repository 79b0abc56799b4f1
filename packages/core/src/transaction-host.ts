// TransactionHost: what the worker offers to the transactions in flight on it, and what it wants of them. The
// protocols (exec, votes, home, exclusive) are written against this alone.

import type { ActorRecord } from './actor-record.ts'
import type { Entry } from './entry.ts'
import type { ActorSpace, ExecutionOptions, Tell } from './execution.ts'
import type { HomeDesk } from './home-desk.ts'
import type { LockNode } from './key-transaction-processor.ts'
import type { PeerMessage, SentRecord } from './peer-message.ts'
import type { PartitionId, Position } from './position.ts'
import type { Program } from './program.ts'
import type { ActorRef } from './transaction.ts'

/** A transaction whose effects on this worker are not complete. */
export interface TransactionInFlight {
  readonly entry: Entry
  /** Queues its nodes and takes its first steps. */
  start(): void
  /** Takes a message of another worker at its position; what it does not wait for it ignores (K6). */
  receive(message: PeerMessage): void
  /** What to send to get again whatever it waits for. */
  asks(): PeerMessage[]
}

/** The worker as its transactions see it. */
export interface TransactionHost {
  readonly program: Program
  /** Home's decisions and last words, where home is local. */
  readonly home: HomeDesk
  /** Whether a partition is executed here. */
  isLocal(partition: PartitionId): boolean
  /**
   * Whether it is executed here for everyone, at a position: then nobody else needs what others send it. One that is
   * only local has an owner elsewhere, or will have, who waits for the same messages.
   */
  serves(partition: PartitionId, position: Position): boolean
  partitionOf(ref: ActorRef): PartitionId

  /** Queues a node on its actor; it is served by and by, never before this returns. */
  enqueue(ref: ActorRef, node: LockNode): void
  /** Lets the actor of a node be served again. */
  wake(ref: ActorRef): void
  /** The committed record of a local actor, for transactions that run alone. */
  record(ref: ActorRef): ActorRecord | undefined
  commitActor(ref: ActorRef, record: ActorRecord | undefined, entry: Entry): void
  /** What an entry's handlers run under, given what they may load. */
  executionOptions(entry: Entry, space: ActorSpace, confined: boolean): ExecutionOptions
  addTells(entry: Entry, source: PartitionId, tells: readonly Tell[]): void

  /** Sends to another worker, and keeps what may be asked for again. */
  send(message: PeerMessage): void
  encodeRecord(ref: ActorRef, record: ActorRecord | undefined): SentRecord
  decodeRecord(sent: SentRecord): ActorRecord | undefined
  /** Nothing of the transaction is left to do on this worker. */
  resolved(transaction: TransactionInFlight): void
}
