// RouteRequest: a request as routes see it: its path cut into segments, its parameters checked against what the route
// documents, its body bounded. Nothing here knows of the database.

import { type Principal, everyone } from '../auth/tokens.ts'
import { serverLimits } from '../limits.ts'
import { HttpProblem } from './http-problem.ts'
import { type Incoming, readBody } from './request-body.ts'
import type { Route } from './route.ts'

/** A request that a route was found for. */
export class RouteRequest {
  /** Who makes it, once that is known. */
  principal: Principal = everyone
  readonly #incoming: Incoming
  readonly #route: Route
  readonly #signal: () => AbortSignal
  readonly #url: string
  readonly #queryAt: number
  #segments: readonly string[] | undefined
  #query: URLSearchParams | undefined

  constructor(options: { incoming: Incoming; url: string; route: Route; signal: () => AbortSignal }) {
    const { incoming, url, route, signal } = options
    this.#incoming = incoming
    this.#route = route
    this.#url = url
    this.#queryAt = url.indexOf('?')
    this.#signal = signal
    if (url.length > serverLimits.targetBytesMax)
      throw new HttpProblem(
        'TARGET_TOO_LONG',
        `The address has more than ${serverLimits.targetBytesMax} bytes. Use POST.`,
      )
  }

  /** Ends when the client goes away. Made when it is asked for: most requests are over before anybody could. */
  get signal(): AbortSignal {
    return this.#signal()
  }

  /** What the path is cut into, percent-decoded. Throws PARAMETER_INVALID. */
  get segments(): readonly string[] {
    this.#segments ??= this.#path().split('/').slice(1).map(decode)
    return this.#segments
  }

  get method(): string {
    return this.#incoming.method ?? 'GET'
  }

  /** Path and query, as the client wrote them. */
  get target(): string {
    return this.#incoming.url ?? ''
  }

  /** Scheme and authority that the client used. */
  get origin(): string {
    return this.#url.slice(0, this.#url.indexOf('/', this.#url.indexOf('://') + 3))
  }

  /** A header; undefined when it is not there. */
  header(name: string): string | undefined {
    const value = this.#incoming.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  /** A parameter of the query; undefined when it is not there. Throws PARAMETER_INVALID. */
  parameter(name: string): string | undefined {
    const all = this.parameters(name)
    if (all.length > 1) throw invalid(`The parameter ${name} is given ${all.length} times. Give it once.`)
    return all[0]
  }

  /** All values of a parameter of the query. Throws PARAMETER_INVALID. */
  parameters(name: string): readonly string[] {
    if (this.#queryAt < 0) return []
    this.#query ??= this.#parse()
    return this.#query.getAll(name)
  }

  /** A parameter that is a whole number from `least` to `most`. Throws PARAMETER_INVALID. */
  count(name: string, least: number, most: number): number | undefined {
    const text = this.parameter(name)
    if (text === undefined) return undefined
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw invalid(`The parameter ${name} is ${text}. Give a whole number from ${least} to ${most}.`)
  }

  /** A parameter that is `true` or `false`. Throws PARAMETER_INVALID. */
  flag(name: string): boolean {
    const text = this.parameter(name)
    if (text === undefined || text === 'false') return false
    if (text === 'true') return true
    throw invalid(`The parameter ${name} is ${text}. Give true or false.`)
  }

  /** Throws PARAMETER_INVALID for a parameter that the route does not know. */
  checkParameters(): void {
    if (this.#queryAt < 0) return
    this.#query ??= this.#parse()
    const known = new Set((this.#route.operation.parameters ?? []).map(({ name }) => name))
    for (const name of this.#query.keys())
      if (!known.has(name))
        throw invalid(`There is no parameter ${name}. There are: ${[...known].join(', ') || 'none'}.`)
  }

  /** All of the body. Rejects with BODY_TOO_LARGE, REQUEST_TIMEOUT and {@link ClientGone}. */
  body(): Promise<Buffer> {
    return readBody(this.#incoming)
  }

  #path(): string {
    const start = this.#url.indexOf('/', this.#url.indexOf('://') + 3)
    return this.#url.slice(start, this.#queryAt < 0 ? undefined : this.#queryAt)
  }

  #parse(): URLSearchParams {
    return new URLSearchParams(this.#url.slice(this.#queryAt + 1))
  }
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalid(`The part ${segment} of the path is not percent-encoded UTF-8. Encode it: %25 for a percent sign.`)
  }
}

function invalid(message: string): HttpProblem {
  return new HttpProblem('PARAMETER_INVALID', message)
}
