// ActorRegistry: the actor classes of one program, by class and by name.

import { StreamyError } from '@streamy-db/core'
import type { ActorClass, ActorDefinition, ActorLookup } from './actor-definition.ts'
import { defineActor } from './define-actor.ts'
import { refuse } from './registration-checks.ts'

/** The registered classes of one program. */
export class ActorRegistry implements ActorLookup {
  readonly #byName = new Map<string, ActorDefinition>()
  readonly #byClass = new Map<ActorClass, ActorDefinition>()

  /** Throws REGISTRATION_INVALID or HANDLER_ASYNC for the first class that cannot work. */
  constructor(classes: Iterable<ActorClass>) {
    for (const actorClass of classes) if (!this.#byClass.has(actorClass)) this.#add(defineActor(actorClass))
  }

  /** Every definition, in the order of registration. */
  get definitions(): Iterable<ActorDefinition> {
    return this.#byName.values()
  }

  /** The definition of a class or of a type's name. Throws ACTOR_UNKNOWN. */
  find(type: ActorClass | string): ActorDefinition {
    const found = typeof type === 'string' ? this.#byName.get(type) : this.#byClass.get(type)
    if (found === undefined) throw actorUnknown(type, [...this.#byName.keys()])
    return found
  }

  #add(definition: ActorDefinition): void {
    const { name, actorClass } = definition
    if (this.#byName.has(name))
      throw refuse(`Two actor classes are named ${name}. Name one of them otherwise: @actor('Other${name}').`)
    this.#byName.set(name, definition)
    this.#byClass.set(actorClass, definition)
  }
}

function actorUnknown(type: unknown, known: readonly string[]): StreamyError {
  const name = typeof type === 'function' ? type.name : String(type)
  const list = known.length === 0 ? 'none' : known.toSorted().join(', ')
  return new StreamyError(
    'ACTOR_UNKNOWN',
    `No actor type ${name} is registered. Add its class to the actors option. Registered are: ${list}.`,
  )
}
