// Filters, updates and pipelines as JSON gives them: what begins with a dollar sign is an operator there, but for the types
// that JSON lacks: {"$bigint":"5"}  {"$bytes":"AP8="}  {"$date":"2026-01-01T00:00:00.000Z"}  {"$number":"NaN"}

import { fromTypedJson, toTypedJson } from './typed-json.ts'
import { HttpProblem } from '../http/http-problem.ts'
import { serverLimits } from '../limits.ts'

const typeNames: ReadonlySet<string> = new Set(['$bigint', '$bytes', '$date', '$number'])

/** What a part of a query stands for. Throws BODY_INVALID and VALUE_NOT_ENCODABLE. */
export function queryOfJson(json: unknown, depth = 0): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (depth > serverLimits.jsonDepthMax) throw new HttpProblem('BODY_INVALID', 'The query is nested too deep.')
  if (Array.isArray(json)) return json.map((item) => queryOfJson(item, depth + 1))
  const entries = Object.entries(json)
  if (entries.length === 1 && typeNames.has(entries[0]![0])) return fromTypedJson(json)
  const query: Record<string, unknown> = {}
  // A member named `__proto__` must stay one, for the layer to refuse.
  for (const [name, item] of entries)
    Object.defineProperty(query, name, { value: queryOfJson(item, depth + 1), ...ownMember })
  return query
}

/** A query as JSON writes it: what {@link queryOfJson} makes it of again. */
export function queryToJson(query: unknown): unknown {
  if (Array.isArray(query)) return query.map(queryToJson)
  if (!isPlain(query)) return toTypedJson(query)
  return Object.fromEntries(Object.entries(query).map(([name, item]) => [name, queryToJson(item)]))
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

const ownMember = { configurable: true, enumerable: true, writable: true } as const
