// LayerPort: what a layer on top of actors (key-value, documents) uses of a database beyond its public interface: several
// calls as one transaction with all their results, several queries at one position, and snapshots. Types, and the way to
// it. Layers make calls of their own actors, so arguments and results pass in stored form.

import type { ActorRef, Call, Position } from '@streamy-db/core'
import type { Database } from './database.ts'

/** Under this a database keeps its port. */
export const layerPort: unique symbol = Symbol('layer port')

/** What a committed transaction came to. */
export interface Executed {
  /** Of its calls, in their order. */
  readonly results: readonly unknown[]
  readonly position: Position
}

/** How a transaction is run. */
export interface ExecuteOptions {
  /**
   * Names the transaction, so that it happens once however often it is sent: a repeat gets the recorded outcome, within
   * the half hour for which outcomes are kept. Home is the partition of the first call, so a key counts there.
   */
  readonly idempotencyKey?: string
}

/** A call that was put together from names, and whether it is a message or a query. */
export interface NamedCall {
  readonly kind: 'message' | 'query'
  readonly call: Call
}

/** The database as of one position. */
export interface LayerSnapshot {
  /** Undefined until a query was answered, where it is the first one that fixes it. */
  readonly position: Position | undefined
  /** Answers a query. Rejects with what it threw, and with SNAPSHOT_EXPIRED. */
  query(call: Call): Promise<unknown>
  /** Lets go of it; an open snapshot may hold what has changed since in memory. */
  close(): void
}

/** One committed write of one actor, as its fields. */
export interface LayerChange {
  readonly position: Position
  readonly time: Date
  readonly ref: ActorRef
  /** Undefined where there was no such actor. */
  readonly before: Readonly<Record<string, unknown>> | undefined
  /** Undefined where there is none any more. */
  readonly after: Readonly<Record<string, unknown>> | undefined
}

/** Writes in the order of positions; whole transactions. */
export interface LayerChanges {
  readonly changes: readonly LayerChange[]
  /** There are none but these, and those told before, up to this position. */
  readonly upTo: Position
}

/** Which changes a layer wants. */
export interface LayerChangesOptions {
  /** Names of types of actors. */
  readonly types: readonly string[]
  /** Those behind this position. */
  readonly from: Position
  readonly signal?: AbortSignal
}

/** A database as layers see it. */
export interface LayerPort {
  /** With one, the footprint of every transaction is everything, and no call needs to declare what it touches. */
  readonly partitions: number
  /** Now by the clock of the database, in microseconds: a layer has no other. */
  now(): number
  /** Runs calls as one transaction. Rejects with what the first call that failed threw; then none has any effect. */
  execute(calls: readonly Call[], options?: ExecuteOptions): Promise<Executed>
  /** Answers queries, all at one position. Rejects with what the first that failed threw. */
  query(calls: readonly Call[]): Promise<readonly unknown[]>
  /**
   * The call of a message or query that is named by text, its arguments checked as those of any caller are. Throws
   * ACTOR_UNKNOWN, MESSAGE_UNKNOWN, KEY_INVALID, ARGUMENTS_INVALID and what an argument cannot be stored for.
   */
  nameCall(type: string, key: string, message: string, args: readonly unknown[]): NamedCall
  /** The database as it is now, or when the first query of the snapshot is asked. */
  snapshot(): Promise<LayerSnapshot>
  /** The database as it was. Rejects with HISTORY_TRIMMED and POSITION_UNKNOWN. */
  snapshotAt(moment: Position | Date): Promise<LayerSnapshot>
  /** What is committed, as it happens, until `return` is called or a signal aborts. Throws HISTORY_TRIMMED. */
  changes(options: LayerChangesOptions): AsyncIterableIterator<LayerChanges>
}

/** The port of a database. */
export function layerPortOf(db: Database): LayerPort {
  return db[layerPort]
}
