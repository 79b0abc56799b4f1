// HistoryPort: what the change feed, the views of the past and the projections need of a database, embedded or on a
// cluster. Types only.

import type { Call, Commit, Datum, LogTime, Position } from '@streamy-db/core'
import type { CommittedStretch } from './history-replay.ts'

/** Names of types of actors; undefined stands for all but those that belong to layers. */
export type TypeNames = ReadonlySet<string> | undefined

/** The database as of one position. */
export interface PastSnapshot {
  readonly position: Position
  readonly logTime: LogTime
  /** Answers a query. Rejects with what it threw, and with HISTORY_TRIMMED. */
  query(call: Call): Promise<Datum>
  /** Lets go of what it holds. Not closing one costs memory, and is no fault. */
  close(): void
}

/** Every actor of some types as of a position. */
export interface PresentActors {
  readonly position: Position
  /** Each as if it had come into being with its last write. */
  readonly commits: AsyncIterable<readonly Commit[]>
}

/** A database's past. */
export interface HistoryPort {
  /** A position that covers all that has happened. */
  now(): Promise<Position> | Position
  /** What is committed behind a position, as it happens, until `signal` aborts. Throws HISTORY_TRIMMED, POSITION_UNKNOWN. */
  read(types: TypeNames, from: Position, signal: AbortSignal): AsyncIterable<CommittedStretch>
  /** What is there now. */
  present(types: TypeNames, signal: AbortSignal): Promise<PresentActors>
  /** The database as of a position, or of a moment of log time. Throws HISTORY_TRIMMED, POSITION_UNKNOWN. */
  snapshot(moment: Position | Date): Promise<PastSnapshot>
}
