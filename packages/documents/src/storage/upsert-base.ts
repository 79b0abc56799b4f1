// What an upsert begins with when nothing matches its filter: the values that the filter demands, and an `_id`.

import { FilterInvalid } from '../document-errors.ts'
import { conjunctsOf } from '../query/conjuncts.ts'

/** The document that an update starts from, or the replacement itself, with the `_id` that it gets. */
export function upsertBase(
  filter: Readonly<Record<string, unknown>>,
  replacement: unknown,
  newId: string,
): Readonly<Record<string, unknown>> {
  const base: Record<string, unknown> = {}
  for (const { path, operator, argument } of conjunctsOf(filter).list)
    if (operator === '$eq' && (replacement === undefined || path === '_id')) put(base, path.split('.'), argument, path)
  // A replacement is a plain object: it was checked where it was sent, and is again where it is stored.
  const whole = { ...base, ...(replacement as object | undefined) } as Record<string, unknown>
  return Object.hasOwn(whole, '_id') ? whole : { _id: newId, ...whole }
}

function put(target: Record<string, unknown>, parts: readonly string[], value: unknown, path: string): void {
  let at = target
  for (const part of parts.slice(0, -1)) {
    const next = (at[part] ??= {})
    if (typeof next !== 'object' || Array.isArray(next)) throw contradictory(path)
    at = next as Record<string, unknown>
  }
  const last = parts.at(-1)!
  if (Object.hasOwn(at, last)) throw contradictory(path)
  at[last] = value
}

function contradictory(path: string): FilterInvalid {
  return new FilterInvalid(`An upsert cannot be made of this filter: it demands several values at ${path}.`, {
    operator: '$eq',
    path,
  })
}
