// KnownActors: what a client knows of actor types, by class or by what the workers say, and how a method call on a
// reference becomes a call as data. A client without classes learns here what is a message and what a query.

import {
  actorRefOf,
  dynamicReference,
  handlerOf as handlerNamed,
  packArguments,
  type ActorClass,
  type ActorRegistry,
  type HandlerDefinition,
} from '@streamy-db/actors'
import { freezeBriefly, StreamyError, type ActorRef, type Call, type Program, type Touch } from '@streamy-db/core'
import { ReferenceClasses } from '../../reference-classes.ts'
import type { ActorDescription, HandlerDescription } from '../protocol/welcome.ts'

/** What a call declares to touch. */
export interface DeclaredFootprint {
  /** As far as that is known here. */
  readonly touches: readonly Touch[]
  /** Whether it declares touches that only a worker can name. */
  readonly asksFootprint: boolean
}

/** A method call on a reference, as data. */
export interface PreparedCall extends DeclaredFootprint {
  readonly kind: 'message' | 'query'
  /** For people: `Account.deposit`. */
  readonly label: string
  readonly call: Call
}

/** Takes a method call; `prepare` throws what is wrong with it. */
export type TakeCall<Context> = (context: Context, prepare: () => PreparedCall) => unknown

/** Classes known here, with their program. */
export interface LocalActors {
  readonly registry: ActorRegistry
  readonly program: Program
}

const noTouches: readonly Touch[] = []

/** Actor types by class and by name. */
export class KnownActors {
  readonly #local: LocalActors
  readonly #described: ReadonlyMap<string, ActorDescription>

  constructor(local: LocalActors, described: readonly ActorDescription[]) {
    this.#local = local
    this.#described = new Map(described.map((actor) => [actor.name, actor]))
  }

  /** A maker of references whose methods call `take`. Throws ACTOR_UNKNOWN and KEY_INVALID. */
  references<Context>(take: TakeCall<Context>): (type: ActorClass | string, key: string, context: Context) => object {
    const { registry } = this.#local
    const known = new ReferenceClasses<Context>(registry, (context, ref, handler, args) =>
      take(context, () => this.#prepare(ref, handler, args)),
    )
    return (type, key, context) => {
      if (typeof type !== 'string' || this.#isLocal(type)) return known.reference(context, type, key)
      const actor = this.#find(type)
      return dynamicReference(actorRefOf(type, key), (ref, name, args) =>
        take(context, () => prepareDescribed(actor, ref, name, args)),
      )
    }
  }

  /** A call named by text. Throws ACTOR_UNKNOWN, MESSAGE_UNKNOWN, KEY_INVALID, and what its arguments are refused for. */
  nameCall(type: string, key: string, message: string, args: readonly unknown[]): PreparedCall {
    const ref = actorRefOf(type, key)
    if (!this.#isLocal(type)) return prepareDescribed(this.#find(type), ref, message, args)
    const definition = this.#local.registry.find(type)
    const handler = definition.handlers.get(message) ?? handlerNamed(definition, message, 'message')
    return this.#prepare(ref, handler, [...args])
  }

  /** What a call that is data already declares to touch. Throws ACTOR_UNKNOWN and MESSAGE_UNKNOWN. */
  footprint(call: Call): DeclaredFootprint {
    const { type } = call.ref
    for (const { name, handlers } of this.#local.registry.definitions) {
      const handler = name === type ? handlers.get(call.message) : undefined
      if (handler !== undefined) return { touches: this.#touches(handler, call), asksFootprint: false }
    }
    const { touches } = handlerOf(this.#find(type), call.message)
    return { touches: noTouches, asksFootprint: touches }
  }

  /** The name of a type of actors. Throws ACTOR_UNKNOWN. */
  nameOf(type: ActorClass | string): string {
    if (typeof type !== 'string') return this.#local.registry.find(type).name
    return this.#isLocal(type) ? type : this.#find(type).name
  }

  #isLocal(type: string): boolean {
    for (const { name } of this.#local.registry.definitions) if (name === type) return true
    return false
  }

  #find(type: string): ActorDescription {
    const actor = this.#described.get(type)
    if (actor !== undefined) return actor
    throw new StreamyError(
      'ACTOR_UNKNOWN',
      `The workers know no actor type ${type}. They know: ${listed(this.#described.keys())}.`,
    )
  }

  #prepare(ref: ActorRef, handler: HandlerDefinition, args: unknown[]): PreparedCall {
    const { kind, label, name } = handler
    const call = { ref, message: name, args: packArguments(handler, args) }
    return { kind, label, call, touches: this.#touches(handler, call), asksFootprint: false }
  }

  // What throws declares nothing: the message runs all the same, as it would for a client without the class. It stands in the
  // log and is never computed again, so it runs without the guard, which takes longer than all the rest of a call.
  #touches(handler: HandlerDefinition, call: Call): readonly Touch[] {
    if (handler.touches === undefined) return noTouches
    try {
      return this.#local.program.touches(call)
    } catch {
      return noTouches
    }
  }
}

function prepareDescribed(
  actor: ActorDescription,
  ref: ActorRef,
  name: string,
  args: readonly unknown[],
): PreparedCall {
  const { kind, touches } = handlerOf(actor, name)
  const label = `${actor.name}.${name}`
  const packed = args.map((value, index) => freezeBriefly(value, `argument ${index + 1} of ${label}`))
  return { kind, label, call: { ref, message: name, args: packed }, touches: noTouches, asksFootprint: touches }
}

function handlerOf(actor: ActorDescription, name: string): HandlerDescription {
  const handler = actor.handlers.find((each) => each.name === name)
  if (handler !== undefined) return handler
  const names = actor.handlers.map((each) => each.name)
  throw new StreamyError('MESSAGE_UNKNOWN', `${actor.name} has no message or query ${name}. It has: ${listed(names)}.`)
}

function listed(names: Iterable<string>): string {
  return [...names].toSorted().join(', ') || 'none'
}
