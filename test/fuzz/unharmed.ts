// What must hold whatever the input was: what it throws has a code and says what to do, and the prototypes that everything
// in the process shares are as they were.

import { StreamyError } from '@streamy-db/core'
import { expect } from 'vitest'

const shared = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype, Set.prototype]
const before = shared.map((prototype) => Reflect.ownKeys(prototype))

/** Fails when a shared prototype has gained or lost a property since this file was loaded. */
export function expectPrototypesUntouched(): void {
  expect(shared.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before)
}

/** The error that bad input came to. Fails unless it is one of ours. */
export function typedError(thrown: unknown): StreamyError {
  if (thrown instanceof StreamyError) return thrown
  throw new Error('Bad input came to an error without a code.', { cause: thrown })
}
