// Plain objects: what JSON calls an object, and what a filter, an update or a document is made of.

/** An object of no class. */
export type Plain = Readonly<Record<string, unknown>>

/** Whether a value is an object of no class. */
export function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
