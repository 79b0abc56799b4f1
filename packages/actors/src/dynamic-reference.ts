// Dynamic references: for clients that know an actor type by name only. Whatever method is called on one is sent, and
// the other side says whether there is such a message. Never a promise: it has no `then`.

import type { ActorRef } from '@streamy-db/core'

/** Sends a call whose handler is known by name only. */
export type SendByName = (ref: ActorRef, name: string, args: readonly unknown[]) => unknown

/** A reference whose every method calls `send`. */
export function dynamicReference(ref: ActorRef, send: SendByName): object {
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get: (_target, name) =>
      typeof name === 'symbol' || name === 'then' ? undefined : (...args: unknown[]) => send(ref, name, args),
  })
}
