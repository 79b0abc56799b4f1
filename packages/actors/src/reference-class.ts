// Reference classes: objects with one method for each handler of an actor class, built once a class, so that making a
// reference is making one small object. What a method does is the `send` function that the class was made with; what
// TypeScript sees of it is in `reference.ts`.

import type { ActorRef } from '@streamy-db/core'
import type { HandlerDefinition } from './actor-definition.ts'

/**
 * Sends one call. `context` is what the reference was made with: a client, or the actor whose handler runs. `args` is a
 * list made for this call, which is the callee's to keep and to change.
 */
export type Send<Context> = (context: Context, ref: ActorRef, handler: HandlerDefinition, args: unknown[]) => unknown

/** Makes references to the actors of one class. */
export type ReferenceClass<Context = unknown> = new (context: Context, ref: ActorRef) => object

let contextOf: (reference: object) => unknown
let refOf: (reference: object) => ActorRef

class BaseReference {
  readonly #context: unknown
  readonly #ref: ActorRef

  constructor(context: unknown, ref: ActorRef) {
    this.#context = context
    this.#ref = ref
  }

  static {
    contextOf = (reference) => (reference as BaseReference).#context
    refOf = (reference) => (reference as BaseReference).#ref
  }

  static is(value: object): boolean {
    return #ref in value
  }
}

/** Builds the class of references whose methods call `send`. */
export function referenceClass<Context>(
  handlers: Iterable<HandlerDefinition>,
  send: Send<Context>,
): ReferenceClass<Context> {
  const built = class extends BaseReference {}
  for (const handler of handlers) {
    const method = function (this: object, ...args: unknown[]): unknown {
      // Only this function makes objects of the class, and it is generic in what it makes them with.
      return send(contextOf(this) as Context, refOf(this), handler, args)
    }
    Object.defineProperty(method, 'name', { value: handler.name })
    Object.defineProperty(built.prototype, handler.name, { value: method, writable: true, configurable: true })
  }
  return built
}

/** The actor that a reference, made by any class of `referenceClass`, refers to; undefined for other objects. */
export function referredActor(reference: object): ActorRef | undefined {
  return BaseReference.is(reference) ? refOf(reference) : undefined
}
