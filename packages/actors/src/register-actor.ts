// registerActor: what the decorators do, for plain JavaScript and for Node's own type stripping, which cannot parse
// decorators.

import type { Actor } from './actor.ts'
import type { ActorClass } from './actor-definition.ts'
import { recordActor, recordHandler, recordTransient } from './actor-metadata.ts'
import type { ActorOptions, MessageOptions, QueryOptions } from './decorators.ts'
import type { HandlerName } from './reference.ts'

/** What {@link registerActor} is told of a class. */
export interface Registration<T extends Actor> extends ActorOptions {
  /** Methods that may change state, by name. */
  readonly messages?: {
    readonly [Name in HandlerName<T>]?: MessageOptions<ParametersOf<T[Name]>, ParametersOf<T[Name]>>
  }
  /** Methods that only read, by name. */
  readonly queries?: { readonly [Name in HandlerName<T>]?: QueryOptions<ParametersOf<T[Name]>> }
  /** Of a layer: its changes are nobody's business but those who ask for them by name. */
  readonly internal?: boolean
  /** Fields that are not state. */
  readonly transient?: readonly (keyof T & string)[]
}

type ParametersOf<Method> = Method extends (...args: infer Args) => unknown ? Args : never

/**
 * Declares an actor class without decorators. Call it once, right after the class.
 *
 * ```js
 * class Sequence extends Actor { next = 1; getNextId() { return this.next++ } }
 * registerActor(Sequence, { messages: { getNextId: {} }, queries: {} })
 * ```
 */
export function registerActor<T extends Actor>(actorClass: ActorClass<T>, registration: Registration<T>): void {
  const { name, version, errors = [], messages = {}, queries = {}, transient = [], internal = false } = registration
  const { prototype } = actorClass
  recordActor(actorClass, { name, version, errors, internal })
  for (const [method, options] of Object.entries<AnyOptions | undefined>(messages))
    recordHandler(prototype, method, { kind: 'message', input: options?.input, touches: options?.touches })
  for (const [method, options] of Object.entries<AnyOptions | undefined>(queries))
    recordHandler(prototype, method, { kind: 'query', input: options?.input, touches: undefined })
  for (const field of transient) recordTransient(prototype, field)
}

type AnyOptions = MessageOptions<never[], never[]>
