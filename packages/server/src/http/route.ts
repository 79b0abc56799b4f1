// Route: one method of one path: what it asks of its caller, what it does, and what the OpenAPI document says of it. A
// feature is a list of routes; `gateway.ts` serves those of all features alike.

import type { Access } from '../auth/access.ts'
import type { Operation } from '../openapi/operation.ts'
import type { RouteRequest } from './route-request.ts'

/** A route. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** As OpenAPI writes it: `/v1/kv/{space}/{key}`. */
  readonly path: string
  /** As the router matches it, where a parameter is more than one segment: `/v1/kv/:space/:key{.+}`. */
  readonly pattern?: string
  readonly operation: Operation
  /** Its clients read what is wrong as text. */
  readonly tellsProblemsAsText?: boolean
  /** What it asks of its caller, or `anyone`, who need not say who they are. */
  readonly access: 'anyone' | ((request: RouteRequest) => Access)
  handle(request: RouteRequest): Promise<Response> | Response
}

/** How the router matches a route. */
export function patternOf({ path, pattern }: Route): string {
  return pattern ?? path.replaceAll(/\{(\w+)\}/g, ':$1')
}
