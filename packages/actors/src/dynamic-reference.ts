// Dynamic references: for clients that know an actor type by name only. Whatever method is called on one is sent, and
// the other side says whether there is such a message. What JavaScript itself asks objects for is never sent: awaiting a
// reference, printing it as JSON and comparing it in a test are no calls.

import type { ActorRef } from '@streamy-db/core'

/** Sends a call whose handler is known by name only. */
export type SendByName = (ref: ActorRef, name: string, args: readonly unknown[]) => unknown

const neverMessages: ReadonlySet<string> = new Set(['then', 'toJSON', 'asymmetricMatch'])

/** A reference whose every method calls `send`. */
export function dynamicReference(ref: ActorRef, send: SendByName): object {
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get: (_target, name) =>
      typeof name === 'symbol' || neverMessages.has(name) ? undefined : (...args: unknown[]) => send(ref, name, args),
  })
}
