// The committed state of one actor as the core sees it: a version, a value that only the program can read, and the
// timers that wait on it. Immutable: a write makes a new record, so snapshots, aborts and flushes cost nothing.

import type { Datum } from './datum.ts'
import type { LogTime, Position } from './position.ts'

declare const opaque: unique symbol

/** The fields of an actor in a form of the program's own. Immutable; the core only passes it on. */
export type ActorValue = { readonly [opaque]: 'ActorValue' }

/** A durable timer of one actor. Identified by the position that set it and an ordinal there. */
export interface Timer {
  readonly position: Position
  readonly ordinal: number
  /** Runs in the first batch after `position`'s whose log time reaches this. */
  readonly due: LogTime
  readonly message: string
  readonly args: readonly Datum[]
}

/** The committed state of one actor; absence is `undefined` in its place. */
export interface ActorRecord {
  /** The position of the last write. */
  readonly version: Position
  readonly value: ActorValue
  /** In the order of their identity. */
  readonly timers: readonly Timer[]
}
