// Calling a handler: its arguments go through its schema, its result is frozen, and a promise is refused.

import { type Datum, freezeBriefly, type StoredForms, StreamyError } from '@streamy-db/core'
import type { Actor } from './actor.ts'
import type { HandlerDefinition } from './actor-definition.ts'
import { validateArguments } from './argument-schema.ts'
import { freezeField } from './field-limits.ts'

/**
 * Calls the handler on `facade` and freezes what it returns, for which `forms` may spare it some work. Throws HANDLER_ASYNC
 * for a promise.
 */
export function callHandler(
  handler: HandlerDefinition,
  facade: Actor,
  args: readonly unknown[],
  forms: StoredForms | undefined,
): Datum {
  const result = callMethod(handler, facade, handler.input === undefined ? args : validateArguments(handler, args))
  if (typeof result !== 'object' || result === null) return freezeField(result, handler.resultLabel)
  if ('then' in result && typeof result.then === 'function') throw returnsPromise(handler)
  return freezeBriefly(result, handler.resultLabel, forms)
}

// Spelling out short calls is measurably faster than spreading a list that may have any length.
function callMethod({ method }: HandlerDefinition, facade: Actor, args: readonly unknown[]): unknown {
  // Methods take any arguments at run time; what they are declared to take is checked where they are called.
  const given = args as never[]
  switch (given.length) {
    case 0:
      return method.call(facade)
    case 1:
      return method.call(facade, given[0]!)
    case 2:
      return method.call(facade, given[0]!, given[1]!)
    default:
      return method.apply(facade, given)
  }
}

function returnsPromise(handler: HandlerDefinition): StreamyError {
  return new StreamyError(
    'HANDLER_ASYNC',
    `${handler.label} returned a promise. Handlers are synchronous: do the waiting in the caller and pass what it ` +
      'brought as an argument.',
  )
}
