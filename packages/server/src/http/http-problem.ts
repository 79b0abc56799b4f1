// HttpProblem: what is wrong with a request, before it is anything for the database. Others throw it; `problem-response.ts`
// writes it.

/** Codes of the gateway's own, with their status. Codes are stable: programs may compare them. */
export const problemStatuses = {
  BODY_INVALID: 400,
  BODY_TOO_LARGE: 413,
  DOCUMENT_ABSENT: 404,
  FORBIDDEN: 403,
  IDEMPOTENCY_KEY_INVALID: 400,
  IDEMPOTENCY_KEY_REUSED: 422,
  IDEMPOTENCY_OUTCOME_GONE: 409,
  KEY_ABSENT: 404,
  MEDIA_TYPE_UNSUPPORTED: 415,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  PARAMETER_INVALID: 400,
  PRECONDITION_FAILED: 412,
  REQUEST_TIMEOUT: 408,
  ROUTE_UNKNOWN: 404,
  SERVER_BUSY: 503,
  TARGET_TOO_LONG: 414,
  UNAUTHENTICATED: 401,
} as const

/** A code of the gateway's own. */
export type ProblemCode = keyof typeof problemStatuses

/** A request is refused. */
export class HttpProblem extends Error {
  readonly code: ProblemCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'HttpProblem'
    this.code = code
    this.headers = headers
  }

  get status(): number {
    return problemStatuses[this.code]
  }
}

/** The client went away before its request was complete: nobody is there to be answered. */
export class ClientGone extends Error {
  constructor() {
    super('The client went away.')
    this.name = 'ClientGone'
  }
}
