// What a worker tells clients about its actors: enough to know a message from a query without having the classes.

import type { ActorRegistry } from '@streamy-db/actors'
import type { ActorDescription } from '../protocol/welcome.ts'

/** The actor types of a registry, for welcomes. */
export function describeActors(registry: ActorRegistry): ActorDescription[] {
  return [...registry.definitions].map(({ name, handlers }) => ({
    name,
    handlers: [...handlers.values()].map((handler) => ({
      name: handler.name,
      kind: handler.kind,
      touches: handler.touches !== undefined,
    })),
  }))
}
