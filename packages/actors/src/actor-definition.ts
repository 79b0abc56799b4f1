// What is known of a registered actor class: its name, its handlers, its fields, and the classes built for it once so
// that a call builds nothing. Types only; `define-actor.ts` makes them.

import type { ActorRef, Touch } from '@streamy-db/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Actor } from './actor.ts'
import type { ActorBody } from './actor-body.ts'
import type { FieldShape } from './field-values.ts'
import type { ReferenceClass } from './reference-class.ts'

/** A class of actors that can be created: concrete, and its constructor needs nothing. */
export type ActorClass<T extends Actor = Actor> = new () => T

/** Makes the facade of one actor at work. */
export type FacadeClass = new (body: ActorBody) => Actor

/** A method of any parameters. */
export type HandlerMethod = (...args: never[]) => unknown

/** A synchronous schema of an argument tuple: zod, valibot, arktype and others. */
export type ArgumentSchema<Args = unknown> = StandardSchemaV1<unknown, Args>

/** What a `touches` function may use: the actor's own key, and references to others. */
export interface TouchScope {
  readonly key: string
  /** Names another actor that the message may read and change. */
  actor(type: ActorClass | string, key: string): ActorRef
}

/** Names the other actors that a message may use, from its arguments alone. */
export type TouchesFunction<Args extends readonly unknown[]> = (
  self: TouchScope,
  ...args: Args
) => readonly (ActorRef | Touch)[]

/** One message or query of an actor. */
export interface HandlerDefinition {
  readonly kind: 'message' | 'query'
  readonly name: string
  /** For people: `Account.deposit`. */
  readonly label: string
  /** For people: `the result of Account.deposit`. */
  readonly resultLabel: string
  /** For people: `argument 1 of Account.deposit`; those that were asked for. */
  readonly argumentLabels: (string | undefined)[]
  readonly method: HandlerMethod
  readonly input: ArgumentSchema | undefined
  readonly touches: TouchesFunction<never[]> | undefined
}

/** A registered class of actors. */
export interface ActorDefinition {
  readonly name: string
  /** As declared with `@actor({ version })`; part of the fingerprint. */
  readonly version: string | undefined
  readonly actorClass: ActorClass
  /** Of a layer: left out where nobody asks for it by name. */
  readonly internal: boolean
  readonly handlers: ReadonlyMap<string, HandlerDefinition>
  /** The durable fields. */
  readonly shape: FieldShape
  /** For people, in the order of `shape.names`. */
  readonly fieldLabels: readonly string[]
  readonly transients: readonly string[]
  /** What handlers have as `this`. */
  readonly facadeClass: FacadeClass
  /** What `this.actor`, `this.tell` and `this.after` return. */
  readonly callClass: ReferenceClass
  readonly tellClass: ReferenceClass
  readonly timerClass: ReferenceClass
}

/** Finds definitions by class or by name. Throws ACTOR_UNKNOWN. */
export interface ActorLookup {
  find(type: ActorClass | string): ActorDefinition
}
