// What a misspelt message does where no compiler has caught it: a reference has a method for each handler of its class,
// and any other name becomes a method that says which ones there are. Known names never get here.

import { handlerOf } from '@streamy-db/actors'
import type { ActorDefinition, ReferenceClass } from '@streamy-db/actors'

// What JavaScript itself asks objects for. A reference with a `then` would be taken for a promise.
const neverMessages: ReadonlySet<string> = new Set(['then', 'catch', 'finally', 'toJSON', 'asymmetricMatch'])

/** Gives the references of a class a method for every name: calling it rejects with MESSAGE_UNKNOWN. */
export function refuseUnknownMessages(references: ReferenceClass<never>, definition: ActorDefinition): void {
  const { prototype } = references as { readonly prototype: object }
  const parent = Object.getPrototypeOf(prototype) as object
  const fallback = new Proxy(parent, {
    get: (target, name, receiver) => {
      if (typeof name === 'symbol' || name in target || neverMessages.has(name))
        return Reflect.get(target, name, receiver)
      return async (): Promise<never> => {
        handlerOf(definition, name, 'message')
        throw new TypeError(`${name} is no method of this reference`)
      }
    },
  })
  Object.setPrototypeOf(prototype, fallback)
}
