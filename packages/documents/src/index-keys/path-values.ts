// What a document holds at a dotted path, as filters and indexes see it: the value itself; and where there are arrays on
// the way, or at the end, also their items. Filters match when one of these values does, and an index has a key for each,
// so the two cannot disagree.

/** What stands at a path. */
export interface PathValues {
  readonly values: readonly unknown[]
  /** Whether an array was met: then there may be several values, or none. */
  readonly throughArray: boolean
}

interface Gathering {
  readonly values: unknown[]
  throughArray: boolean
}

/** The values at a path that was split at its dots. */
export function valuesAt(document: unknown, path: readonly string[]): PathValues {
  // Most paths are one name that leads to a scalar.
  if (path.length === 1) {
    const value = memberOf(document, path[0]!)
    if (!Array.isArray(value)) return { values: [value], throughArray: false }
  }
  const found: Gathering = { values: [], throughArray: false }
  gather(found, document, path, 0)
  return found
}

/** An own member of an object; undefined of anything else. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

function gather(found: Gathering, value: unknown, path: readonly string[], depth: number): void {
  if (depth === path.length) return gatherEnd(found, value)
  const name = path[depth]!
  if (!Array.isArray(value)) return gather(found, memberOf(value, name), path, depth + 1)
  found.throughArray = true
  if (/^\d+$/.test(name) && Number(name) < value.length) gather(found, value[Number(name)], path, depth + 1)
  for (const item of value as readonly unknown[])
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) gather(found, item, path, depth)
}

function gatherEnd(found: Gathering, value: unknown): void {
  found.values.push(value)
  if (!Array.isArray(value)) return
  found.throughArray = true
  found.values.push(...(value as readonly unknown[]))
}
