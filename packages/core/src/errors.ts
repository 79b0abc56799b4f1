// Errors: one base class, one table of stable codes. An error is for the world; a broken invariant of ours is an
// `assert`, which throws the code INVARIANT_BROKEN and stops the partition.

/** Whose turn it is: the caller's (`user`), nobody's, so try again (`retry`), or ours (`bug`). */
export type ErrorKind = 'user' | 'retry' | 'bug'

/** Every code Streamy throws, with its kind. Codes are stable: programs may compare them. */
export const errorKinds = {
  ACTOR_ERROR: 'user',
  ACTOR_UNKNOWN: 'user',
  ARGUMENTS_INVALID: 'user',
  ASSERT_FAILED: 'retry',
  BATCH_TOO_LARGE: 'user',
  CALL_DEPTH_EXCEEDED: 'user',
  CHECKPOINT_CORRUPT: 'user',
  CHECKPOINT_MISSING: 'user',
  CODE_MISMATCH: 'user',
  DATABASE_CLOSED: 'user',
  DATABASE_FAILED: 'user',
  DATABASE_LOCKED: 'user',
  DATABASE_MISMATCH: 'user',
  DATABASE_MISSING: 'user',
  DEADLINE_EXCEEDED: 'retry',
  DURABILITY_UNMET: 'user',
  FORMAT_UNKNOWN: 'user',
  HANDLER_ASYNC: 'user',
  HANDLER_FAILED: 'user',
  HANDLER_FATAL: 'user',
  HANDLER_NOT_DETERMINISTIC: 'user',
  HISTORY_TRIMMED: 'user',
  INVARIANT_BROKEN: 'bug',
  KEY_INVALID: 'user',
  LOG_CORRUPT: 'user',
  LOG_DIVERGED: 'user',
  LOG_TRIMMED: 'user',
  MESSAGE_UNKNOWN: 'user',
  OPTIONS_INVALID: 'user',
  OUTSIDE_HANDLER: 'user',
  OVERLOADED: 'retry',
  POSITION_UNKNOWN: 'user',
  PROJECTION_TAKEN: 'user',
  PERMISSION_DENIED: 'user',
  QUERY_WRITES: 'user',
  REGISTRATION_INVALID: 'user',
  REQUEST_EXPIRED: 'retry',
  SERVER_REFUSED: 'user',
  SERVER_UNAVAILABLE: 'retry',
  SERVER_UNSUITABLE: 'user',
  SNAPSHOT_EXPIRED: 'retry',
  STATE_CORRUPT: 'user',
  STATE_FIELD_UNDECLARED: 'user',
  STORAGE_FAILED: 'user',
  STORAGE_FULL: 'retry',
  STREAM_MISMATCH: 'user',
  TRANSACTION_CONFLICT: 'retry',
  TRANSACTION_INVALID: 'user',
  TRANSACTION_POISONED: 'user',
  VALUE_NOT_ENCODABLE: 'user',
  VALUE_TOO_LARGE: 'user',
  WORKERS_UNREACHABLE: 'retry',
} as const satisfies Record<string, ErrorKind>

/** A stable error code. */
export type ErrorCode = keyof typeof errorKinds

/** Base of every error Streamy throws: a message that says what to do, a stable `code` and a `kind`. */
export class StreamyError extends Error {
  /** Stable, for programs; the message is for people and may change. */
  readonly code: ErrorCode
  /** Whose turn it is; see {@link ErrorKind}. */
  readonly kind: ErrorKind

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.kind = errorKinds[code]
  }
}

/** Throws INVARIANT_BROKEN unless `condition` holds. For our own bugs only, never for what the world sends. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new StreamyError('INVARIANT_BROKEN', `Invariant broken: ${message}. Please report this.`)
}

/** Ends a switch over a union: fails to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new StreamyError('INVARIANT_BROKEN', `Invariant broken: unexpected ${String(value)}. Please report this.`)
}
