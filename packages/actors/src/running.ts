// Which handler runs right now. Handlers are synchronous, so one variable a process is enough: the actor working, or
// undefined between handlers. A facade or a reference works only while it is the one whose handler runs, and the
// determinism guard asks here whose clock and randomness to use.

import { type ActorRef, type Position, StreamyError } from '@streamy-db/core'

/** Where a handler's clock and randomness come from; an `Execution` is one. */
export interface HandlerSource {
  /** Log time in milliseconds. */
  readonly now: number
  readonly position: Position
  random(): number
  uuid(): string
  randomFill(bytes: Uint8Array): void
}

/** What the code that runs may do: only read its surroundings, read its state, or change it. */
export type Access = 'construct' | 'query' | 'message'

/** An actor whose code runs. */
export interface HandlerScope {
  readonly ref: ActorRef
  readonly source: HandlerSource
  readonly access: Access
  /** What runs, for people: `Account.deposit`. */
  readonly label: string
}

/** The innermost actor at work, if any. */
export const running: { scope: HandlerScope | undefined } = { scope: undefined }

/** Asserts that `scope` is the one at work; `what` names what was used. Throws OUTSIDE_HANDLER. */
export function inHandler(scope: HandlerScope | undefined, what: string): HandlerScope {
  if (scope === undefined || scope !== running.scope) throw outsideHandler(scope, what)
  return scope
}

/** The error for `what` when it is used while no handler of its actor runs. */
export function outsideHandler(scope: HandlerScope | undefined, what: string): StreamyError {
  const owner = scope === undefined ? 'an actor' : scope.ref.id
  return new StreamyError(
    'OUTSIDE_HANDLER',
    `${what} of ${owner} was used while none of its handlers was running. ` +
      'Use it within the handler, before it returns; from outside, send a message through a reference.',
  )
}

/** The error for a change attempted where only reading is allowed. */
export function queryWrites(scope: HandlerScope, what: string): StreamyError {
  return new StreamyError(
    'QUERY_WRITES',
    `The query ${scope.label} of ${scope.ref.id} tried to ${what}. Make it a message, or take the change out.`,
  )
}
