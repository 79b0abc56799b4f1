// Actor: the base class of all actors, and what a handler can do through `this`. The class keeps nothing itself: each
// member asks the actor at work. Handlers do not run on instances made by `new` but on facades (`facade.ts`).

import type { Position } from '@streamy-db/core'
import { StreamyError } from '@streamy-db/core'
import { ActorBody } from './actor-body.ts'
import type { ActorClass, FacadeClass } from './actor-definition.ts'
import { actorRefOf } from './actor-key.ts'
import type { TimerRequest } from './handler-references.ts'
import type { LocalReference, TellReference, TimerHandle, TimerReference } from './reference.ts'
import { type HandlerScope, inHandler, queryWrites, running } from './running.ts'

/** Where a facade keeps whose it is. A symbol and no private member: facades are made without running a constructor. */
export const scopeKey: unique symbol = Symbol('scope')

/**
 * Base class of actors: subclass it, give fields initial values, and mark methods with `@message()` and `@query()`.
 *
 * Every own field is durable state, unless marked `@transient()`. A handler that throws leaves no trace. Inside a
 * handler fields are accessors: reading and assigning them works as usual, but `{ ...this }` and `Object.keys(this)`
 * do not see them.
 *
 * ```ts
 * class Sequence extends Actor {
 *   next = 1
 *   @message() getNextId(): number { return this.next++ }
 * }
 * ```
 */
export abstract class Actor {
  /** @internal The actor at work behind this facade. */
  readonly [scopeKey]: HandlerScope | undefined

  constructor() {
    this[scopeKey] = running.scope
  }

  /** The key under which this actor is known: `alice` in `db.actor(Account, 'alice')`. */
  get key(): string {
    return inHandler(this[scopeKey], 'key').ref.key
  }

  /** The time of this transaction in milliseconds since 1970, the same for everybody who computes it. */
  get now(): number {
    return inHandler(this[scopeKey], 'now').source.now
  }

  /** The place of this transaction in the order of all transactions. */
  get position(): Position {
    return inHandler(this[scopeKey], 'position').source.position
  }

  /** A random number in [0, 1), the same in every attempt of this request. Not for secrets. */
  random(): number {
    return inHandler(this[scopeKey], 'random').source.random()
  }

  /** A random UUID, the same in every attempt of this request. Not for secrets. */
  uuid(): string {
    return inHandler(this[scopeKey], 'uuid').source.uuid()
  }

  /**
   * A reference to another actor whose messages and queries run at once, within this transaction: all or nothing.
   *
   * Arguments and results are copied. What it throws has undone all that it did; catch it, and this handler goes on.
   * Declare the actor in `touches` of the message, or the transaction is tried again with it.
   */
  actor<T extends Actor>(type: ActorClass<T>, key: string): LocalReference<T>
  actor<T extends Actor>(type: string, key: string): LocalReference<T>
  actor<T extends Actor>(type: ActorClass<T> | string, key: string): LocalReference<T> {
    const body = bodyIn(this[scopeKey], 'actor')
    const definition = body.lookup.find(type)
    // Its methods are the handlers of T; the types say so, `referenceClass` does it.
    return new definition.callClass(body, actorRefOf(definition.name, key)) as LocalReference<T>
  }

  /** A reference whose messages are sent when this transaction commits, each run later, exactly once, on its own. */
  tell<T extends Actor>(type: ActorClass<T>, key: string): TellReference<T>
  tell<T extends Actor>(type: string, key: string): TellReference<T>
  tell<T extends Actor>(type: ActorClass<T> | string, key: string): TellReference<T> {
    const body = bodyIn(this[scopeKey], 'tell')
    const definition = body.lookup.find(type)
    // See `actor`.
    return new definition.tellClass(body, actorRefOf(definition.name, key)) as TellReference<T>
  }

  /**
   * Sets a durable timer on this actor: `this.after(60_000).expire()` runs `expire` in a minute of log time, as a
   * transaction of its own. Returns a handle for `cancel`; keep it in a field.
   */
  after(milliseconds: number): TimerReference<this> {
    const body = bodyIn(this[scopeKey], 'after')
    const request: TimerRequest = { body, delayUs: delayUsOf(milliseconds) }
    // See `actor`.
    return new body.definition.timerClass(request, body.ref) as TimerReference<this>
  }

  /** Takes back a timer of this actor; false when it already ran or was taken back. */
  cancel(timer: TimerHandle): boolean {
    const body = bodyIn(this[scopeKey], 'cancel')
    if (body.access !== 'message') throw queryWrites(body, 'cancel a timer')
    return body.source.cancelTimer(body.slot, timer.position, timer.ordinal)
  }

  /**
   * Destroys this actor with its state and timers when the transaction commits. The next message, even of the same
   * transaction, creates it anew. What this handler assigns to fields afterwards is lost.
   */
  destroy(): void {
    const body = bodyIn(this[scopeKey], 'destroy')
    if (body.access !== 'message') throw queryWrites(body, 'destroy the actor')
    if (body.slot.body === body) body.source.destroy(body.slot)
  }
}

/** The body behind a facade: facades are made by a body for itself. */
export function bodyOf(facade: Actor): ActorBody {
  return facade[scopeKey] as ActorBody
}

/** Makes the constructor of facades with this prototype, which runs no code of the user's. */
export function facadeConstructor(prototype: object): FacadeClass {
  const construct = function (this: Actor, body: ActorBody): void {
    // The one place beside the constructor where it is set.
    ;(this as { [scopeKey]: HandlerScope | undefined })[scopeKey] = body
  }
  construct.prototype = prototype
  // A function with a prototype is what `new` takes.
  return construct as unknown as FacadeClass
}

function bodyIn(scope: HandlerScope | undefined, what: string): ActorBody {
  const current = inHandler(scope, what)
  if (current instanceof ActorBody && current.access !== 'construct') return current
  throw new StreamyError(
    'OUTSIDE_HANDLER',
    `${what} was used in the constructor or in an initial value of ${current.ref.type}. Use it in a message.`,
  )
}

function delayUsOf(milliseconds: number): number {
  const delayUs = Math.round(milliseconds * 1000)
  if (typeof milliseconds === 'number' && milliseconds >= 0 && Number.isSafeInteger(delayUs)) return delayUs
  throw new StreamyError(
    'ARGUMENTS_INVALID',
    `this.after(${String(milliseconds)}) is no delay. Pass milliseconds: a number, zero or more, and finite.`,
  )
}
