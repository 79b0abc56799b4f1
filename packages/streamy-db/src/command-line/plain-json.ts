// Values as JSON for people and pipes: what JSON does not know is written as what comes closest.

/** Text of a value: a bigint as its digits, a Map as pairs, a Set as a list, bytes in base64. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value === undefined ? null : value, replace, indent)
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value
}
