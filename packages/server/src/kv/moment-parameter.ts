// `at`: a moment of the past, as a version or as a date.

import type { KvMoment } from '@streamy-db/kv'
import { HttpProblem } from '../http/http-problem.ts'
import { inQuery } from '../openapi/operation.ts'

/** What the OpenAPI document says of it. */
export const atParameter = inQuery('at', 'As it was then: a version, or a date like 2026-01-01T00:00:00Z.')

/** The moment that a text names, as an option of a read. Throws PARAMETER_INVALID. */
export function momentOption(text: unknown): { readonly at?: KvMoment } {
  if (text === undefined || text === null) return {}
  if (typeof text === 'string' && /^[0-9a-f]{20}$/.test(text)) return { at: text }
  // A date says its time zone: what it means must not depend on where the server is.
  const isDate = typeof text === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text)
  const date = new Date(isDate ? text : Number.NaN)
  if (!Number.isNaN(date.getTime())) return { at: date }
  throw new HttpProblem('PARAMETER_INVALID', 'at names no moment. Give a version, or a date like 2026-01-01T00:00:00Z.')
}
