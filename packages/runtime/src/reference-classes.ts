// ReferenceClasses: makes references for one kind of client, and keeps the class it builds for each actor type the first
// time it is asked for. What a reference's methods do is the `send` it was given.

import { actorRefOf, referenceClass } from '@streamy-db/actors'
import type { Actor, ActorClass, ActorDefinition, ActorRegistry, ReferenceClass, Send } from '@streamy-db/actors'
import { refuseUnknownMessages } from './unknown-messages.ts'

interface Prepared<Context> {
  readonly type: string
  readonly references: ReferenceClass<Context>
}

/** The references of clients of one kind. */
export class ReferenceClasses<Context> {
  readonly #registry: ActorRegistry
  readonly #send: Send<Context>
  // By class and by name, as callers give it: one look-up a reference.
  readonly #prepared = new Map<ActorClass | string, Prepared<Context>>()

  constructor(registry: ActorRegistry, send: Send<Context>) {
    this.#registry = registry
    this.#send = send
  }

  /** A reference for `context` to the actor `key`. Throws ACTOR_UNKNOWN and KEY_INVALID. */
  reference<T extends Actor>(context: Context, type: ActorClass<T> | string, key: string): object {
    const { type: name, references } = this.#prepared.get(type) ?? this.#prepare(type)
    return new references(context, actorRefOf(name, key))
  }

  #prepare(type: ActorClass | string): Prepared<Context> {
    const definition = this.#registry.find(type)
    const known = this.#prepared.get(definition.name)
    const prepared = known ?? { type: definition.name, references: this.#build(definition) }
    this.#prepared.set(definition.name, prepared).set(type, prepared)
    return prepared
  }

  #build(definition: ActorDefinition): ReferenceClass<Context> {
    const built = referenceClass(definition.handlers.values(), this.#send)
    refuseUnknownMessages(built, definition)
    return built
  }
}
