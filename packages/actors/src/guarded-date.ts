// Date while handlers run: without arguments it is the time of the transaction; otherwise, and between handlers, it is
// Date. Instances are ordinary dates: `instanceof Date`, on either, holds for all of them.

import type { GuardedProperty } from './guarded-property.ts'
import { running } from './running.ts'

/** The replacement for the global Date. */
export function guardedDate(guarded: GuardedProperty): unknown {
  const original = guarded.original as DateConstructor
  const replacement = function (...args: unknown[]): unknown {
    const current = guarded.original as DateConstructor
    const now = running.scope?.source.now
    if (new.target === undefined) return now === undefined ? current() : new current(now).toString()
    const used = args.length === 0 && now !== undefined ? [now] : args
    return Reflect.construct(current, used, new.target === replacement ? current : (new.target as DateConstructor))
  }
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
  Object.defineProperty(replacement, 'now', {
    value: () => running.scope?.source.now ?? (guarded.original as DateConstructor).now(),
    writable: true,
    configurable: true,
  })
  return replacement
}
