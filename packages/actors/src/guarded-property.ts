// GuardedProperty: one property that the determinism guard replaces, such as `Math.random`, and the two ways in which
// a replacement treats handlers: it answers from their execution, or refuses with the remedy.

import { StreamyError } from '@streamy-db/core'
import { type HandlerScope, running } from './running.ts'

/** A function of any parameters, called with any `this`. */
export type AnyFunction = (this: unknown, ...args: never[]) => unknown

/** One replacement that can be swapped in and out. */
export interface Guarded {
  enter(): void
  leave(): void
}

/** What a replacement does in a handler; `original` is what it stands for. */
export type InHandler = (scope: HandlerScope, args: readonly unknown[], original: AnyFunction) => unknown

/** Replaces `target[property]` while it is entered. */
export class GuardedProperty implements Guarded {
  readonly #target: Record<string, unknown>
  readonly #property: string
  readonly #replacement: unknown
  /** What the property holds outside the guard. */
  original: unknown

  constructor(target: object, property: string, replace: (guarded: GuardedProperty) => unknown) {
    // A property's name is all that is known of the target.
    this.#target = target as Record<string, unknown>
    this.#property = property
    this.original = this.#target[property]
    this.#replacement = replace(this)
  }

  enter(): void {
    this.original = this.#target[this.#property]
    this.#target[this.#property] = this.#replacement
  }

  leave(): void {
    this.#target[this.#property] = this.original
  }
}

/** Guards a function of `target`, if it has one there that can be replaced. */
export function guardFunction(target: object, property: string, inHandler: InHandler): Guarded[] {
  const member = Object.getOwnPropertyDescriptor(target, property)
  if (member === undefined || typeof member.value !== 'function' || !member.writable) return []
  return [new GuardedProperty(target, property, (guarded) => guardedFunction(guarded, inHandler))]
}

/** A function that does what `guarded.original` does, except in handlers. It looks like the original. */
export function guardedFunction(guarded: { readonly original: unknown }, inHandler: InHandler): AnyFunction {
  // Only functions are guarded by this.
  const original = guarded.original as AnyFunction
  const replacement = function (this: unknown, ...args: never[]): unknown {
    const { scope } = running
    const current = guarded.original as AnyFunction
    if (scope !== undefined) return inHandler(scope, args, current)
    return new.target === undefined ? Reflect.apply(current, this, args) : Reflect.construct(current, args)
  }
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
  return replacement
}

/** Refuses `what` in handlers; `advice` is what to do instead. */
export function refusing(what: string, advice: string): InHandler {
  return (scope) => {
    throw notDeterministic(scope, what, advice)
  }
}

/** The error for `what`, whose effect another run of the handler would not repeat. */
export function notDeterministic(scope: HandlerScope, what: string, advice: string): StreamyError {
  return new StreamyError(
    'HANDLER_NOT_DETERMINISTIC',
    `${scope.label} used ${what}, but every replay of a handler must do the same. ${advice}`,
  )
}
