// Any value in one line: for reports, and for comparing. Two values read alike exactly when they mean the same; whether
// bytes lie in a Buffer and whether an absent property is spelled out makes no difference.

/** The value as text. */
export function inOneLine(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : objectInOneLine(value)
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

function objectInOneLine(value: object): string {
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`
  const properties = Object.entries(value)
    .filter(([, property]) => property !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{ ${properties.map(([name, property]) => `${name}: ${inOneLine(property)}`).join(', ')} }`
}
