// Facades: what handlers have as `this`. A facade is an instance of the user's class by its prototypes, but holds no
// fields: each field is an accessor over the actor's body. So methods, getters and `super` work as written, reading a
// field of a small actor costs a few instructions, and the facade is dead once its handler is not the one that runs.
//
//   facade -> accessors of the fields -> the user's class -> ... -> Actor

import { type Actor, bodyOf, facadeConstructor } from './actor.ts'
import type { ActorClass, FacadeClass } from './actor-definition.ts'
import { firstField } from './field-values.ts'
import { outsideHandler, running } from './running.ts'

/** Builds the class of facades of an actor class with these fields. */
export function facadeClass(
  actorClass: ActorClass,
  fields: readonly string[],
  transients: readonly string[],
): FacadeClass {
  const prototype = Object.create(actorClass.prototype) as object
  fields.forEach((name, index) => Object.defineProperty(prototype, name, durableField(name, firstField + index)))
  transients.forEach((name, index) => Object.defineProperty(prototype, name, transientField(name, index)))
  return facadeConstructor(prototype)
}

function durableField(name: string, place: number): PropertyDescriptor & ThisType<Actor> {
  return {
    get(): unknown {
      const body = bodyOf(this)
      if (running.scope !== body) throw outsideHandler(body, name)
      const value = body.live[place]
      return typeof value === 'object' && value !== null ? body.object(place, value) : value
    },
    set(value: unknown): void {
      const body = bodyOf(this)
      if (running.scope !== body) throw outsideHandler(body, name)
      body.setField(place, value)
    },
  }
}

function transientField(name: string, index: number): PropertyDescriptor & ThisType<Actor> {
  return {
    get(): unknown {
      const body = bodyOf(this)
      if (running.scope !== body) throw outsideHandler(body, name)
      return body.transient(index)
    },
    set(value: unknown): void {
      const body = bodyOf(this)
      if (running.scope !== body) throw outsideHandler(body, name)
      body.setTransient(index, value)
    },
  }
}
