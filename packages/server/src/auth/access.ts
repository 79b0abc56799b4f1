// What a route asks of whoever calls it, and whether they have it.

import { HttpProblem } from '../http/http-problem.ts'
import type { Principal, Right } from './tokens.ts'

/** What a route asks: a right, and where it must hold. */
export type Access =
  | { readonly right: Right }
  | { readonly right: Right; readonly space: string }
  | { readonly right: Right; readonly collection: string }
  /** The right is asked for once it is known whether the call is a message or a query. */
  | { readonly right?: 'read' | 'write'; readonly actor: string }

/** Throws FORBIDDEN unless the principal has what is asked. */
export function authorize(principal: Principal, access: Access): void {
  const { right } = access
  if (right !== undefined && !principal.has(right)) throw forbidden(principal, `has no right to ${right}`)
  if ('space' in access && !principal.maySpace(access.space))
    throw forbidden(principal, `may not use the space ${access.space}`)
  if ('collection' in access && !principal.mayCollection(access.collection))
    throw forbidden(principal, `may not use the collection ${access.collection}`)
  if ('actor' in access && !principal.mayActor(access.actor)) throw forbidden(principal, `may not call ${access.actor}`)
}

function forbidden({ name }: Principal, lack: string): HttpProblem {
  return new HttpProblem('FORBIDDEN', `The token of ${name} ${lack}. Use another, or give it that right.`)
}
