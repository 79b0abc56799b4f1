// Errors as `application/problem+json` (RFC 9457): which status an error has, and what of it a client is told.

import { ActorError, ArgumentsInvalid } from '@streamy-db/actors'
import { DuplicateKey } from '@streamy-db/documents'
import { StreamyError, type ErrorCode, type ErrorKind } from '@streamy-db/core'
import { toTypedJson } from '../json/typed-json.ts'
import { HttpProblem } from './http-problem.ts'

/** A problem as JSON. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** What happened, and what to do. */
  readonly detail: string
  readonly code: string
  readonly kind: ErrorKind
  /** Of an error that a handler threw: its class and its data. */
  readonly name?: string
  readonly data?: unknown
}

// Where the kind does not say it well enough.
const statuses: Partial<Record<ErrorCode, number>> = {
  ACTOR_ERROR: 422,
  ACTOR_UNKNOWN: 404,
  ASSERT_FAILED: 409,
  BATCH_TOO_LARGE: 413,
  CALL_DEPTH_EXCEEDED: 422,
  CHECKPOINT_CORRUPT: 500,
  CHECKPOINT_MISSING: 500,
  CODE_MISMATCH: 500,
  DATABASE_CLOSED: 503,
  DATABASE_FAILED: 500,
  DATABASE_LOCKED: 500,
  DATABASE_MISMATCH: 500,
  DATABASE_MISSING: 500,
  DEADLINE_EXCEEDED: 504,
  DURABILITY_UNMET: 500,
  FORMAT_UNKNOWN: 500,
  HANDLER_ASYNC: 500,
  HANDLER_FAILED: 500,
  HANDLER_FATAL: 500,
  HANDLER_NOT_DETERMINISTIC: 500,
  HISTORY_TRIMMED: 410,
  LOG_CORRUPT: 500,
  LOG_DIVERGED: 500,
  LOG_TRIMMED: 500,
  MESSAGE_UNKNOWN: 404,
  OUTSIDE_HANDLER: 500,
  PERMISSION_DENIED: 500,
  QUERY_WRITES: 500,
  REGISTRATION_INVALID: 500,
  SERVER_REFUSED: 500,
  SERVER_UNSUITABLE: 500,
  STATE_CORRUPT: 500,
  STATE_FIELD_UNDECLARED: 500,
  STORAGE_FAILED: 500,
  STORAGE_FULL: 507,
  STREAM_MISMATCH: 500,
  TRANSACTION_POISONED: 500,
  VALUE_TOO_LARGE: 413,
}

const ofKind: Readonly<Record<ErrorKind, number>> = { user: 400, retry: 503, bug: 500 }
const RETRY_AFTER_S = '1'

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Request timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'Too large',
  414: 'Target too long',
  415: 'Unsupported media type',
  422: 'Refused',
  500: 'Server error',
  501: 'Not there',
  503: 'Try again',
  504: 'Deadline exceeded',
  507: 'Storage full',
}

/** What a client is told of an error. */
export function problemOf(error: unknown): Problem {
  if (error instanceof HttpProblem) return problem(error.status, error.code, kindOf(error.status), error.message)
  if (!(error instanceof StreamyError))
    return problem(500, 'INTERNAL_ERROR', 'bug', 'Something went wrong in the server; its log says what.')
  const status = error instanceof DuplicateKey ? 409 : (statuses[error.code] ?? ofKind[error.kind])
  const told = problem(status, error.code, error.kind, error.message)
  if (error instanceof ActorError) return { ...told, name: error.name, data: toTypedJson(error.data) }
  if (error instanceof ArgumentsInvalid) return { ...told, data: { issues: error.issues } }
  return told
}

/** The response for an error. */
export function problemResponse(error: unknown): Response {
  const told = problemOf(error)
  return respond(error, told.status, JSON.stringify(told), 'application/problem+json')
}

/** The response for an error, for clients that read text. */
export function problemText(error: unknown): Response {
  const { status, code, detail } = problemOf(error)
  return respond(error, status, `${detail} (${code})\n`, 'text/plain; charset=utf-8')
}

/** Whether an error is the server's: its operator should hear of it. */
export function isServerFault(error: unknown): boolean {
  return problemOf(error).status === 500
}

function respond(error: unknown, status: number, body: string, type: string): Response {
  const headers = {
    'content-type': type,
    ...(status === 503 && { 'retry-after': RETRY_AFTER_S }),
    ...(error instanceof HttpProblem && error.headers),
  }
  return new Response(body, { status, headers })
}

function problem(status: number, code: string, kind: ErrorKind, detail: string): Problem {
  return { type: `urn:streamy:error:${code}`, title: titles[status] ?? 'Error', status, detail, code, kind }
}

function kindOf(status: number): ErrorKind {
  return status === 503 || status === 408 ? 'retry' : 'user'
}
