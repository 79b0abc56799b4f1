// Typed JSON: values as JSON without loss. What JSON knows is itself; what it does not know is an object with one member,
// whose name says what it is:
//
//   {"$bigint":"5"}  {"$bytes":"AP8="}  {"$date":"2026-01-01T00:00:00.000Z"}  {"$map":[[1,2]]}  {"$set":[1]}
//   {"$number":"NaN"}  {"$undefined":true}  {"$object":{"$date":"an object that only looks like one of these"}}

import { StreamyError } from '@streamy-db/core'
import { serverLimits } from '../limits.ts'

/** A value as JSON's own types; `JSON.stringify` writes it. */
export function toTypedJson(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberText(value) }
    case 'bigint':
      return { $bigint: value.toString() }
    case 'object':
      return value === null ? null : objectToJson(value)
    default:
      return { $undefined: true }
  }
}

/** The text of a value in typed JSON. */
export function typedJsonText(value: unknown): string {
  return JSON.stringify(toTypedJson(value))
}

/** The value that typed JSON stands for. Throws VALUE_NOT_ENCODABLE. */
export function fromTypedJson(json: unknown, depth = 0): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (depth > serverLimits.jsonDepthMax) throw tooDeep()
  if (Array.isArray(json)) return json.map((item) => fromTypedJson(item, depth + 1))
  const names = Object.keys(json)
  const [name] = names
  if (names.length === 1 && name!.startsWith('$')) return tagged(name!, (json as Record<string, unknown>)[name!], depth)
  return mapped(json, (member) => fromTypedJson(member, depth + 1))
}

function objectToJson(value: object): unknown {
  if (Array.isArray(value)) return value.map(toTypedJson)
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString() }
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [toTypedJson(key), toTypedJson(item)]) }
  if (value instanceof Set) return { $set: [...value].map(toTypedJson) }
  const json = mapped(value, toTypedJson)
  const names = Object.keys(json)
  return names.length === 1 && names[0]!.startsWith('$') ? { $object: json } : json
}

// Assigning to `__proto__` would change what the object inherits from instead of giving it a member of that name.
function mapped(object: object, map: (member: unknown) => unknown): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(object)) {
    const value = map(member)
    if (name === '__proto__') Object.defineProperty(result, name, { value, ...ownMember })
    else result[name] = value
  }
  return result
}

const ownMember = { configurable: true, enumerable: true, writable: true } as const

function tagged(tag: string, content: unknown, depth: number): unknown {
  switch (tag) {
    case '$bigint':
      if (typeof content !== 'string' || !/^-?(0|[1-9]\d{0,4999})$/.test(content))
        throw malformed(tag, 'decimal digits')
      return BigInt(content)
    case '$bytes':
      return bytesOf(tag, content)
    case '$date':
      return dateOf(tag, content)
    case '$number':
      return numberOf(tag, content)
    case '$map':
      return mapOf(tag, content, depth)
    case '$set':
      if (!Array.isArray(content)) throw malformed(tag, 'a list')
      return new Set(content.map((item) => fromTypedJson(item, depth + 1)))
    case '$undefined':
      if (content !== true) throw malformed(tag, 'true')
      return undefined
    case '$object':
      if (typeof content !== 'object' || content === null || Array.isArray(content)) throw malformed(tag, 'an object')
      return mapped(content, (member) => fromTypedJson(member, depth + 1))
    default:
      throw new StreamyError(
        'VALUE_NOT_ENCODABLE',
        `${tag} is no type of a value. To store an object whose only member is named so, write {"$object":{"${tag}":…}}.`,
      )
  }
}

function bytesOf(tag: string, content: unknown): Uint8Array {
  if (typeof content !== 'string' || !/^[\w+/-]*={0,2}$/.test(content)) throw malformed(tag, 'base64')
  return Uint8Array.from(Buffer.from(content, 'base64'))
}

function dateOf(tag: string, content: unknown): Date {
  if (content === 'invalid') return new Date(Number.NaN)
  const date = typeof content === 'string' ? new Date(content) : new Date(Number.NaN)
  if (Number.isNaN(date.getTime())) throw malformed(tag, 'a date like 2026-01-01T00:00:00.000Z')
  return date
}

function mapOf(tag: string, content: unknown, depth: number): Map<unknown, unknown> {
  const isPairs = Array.isArray(content) && content.every((pair) => Array.isArray(pair) && pair.length === 2)
  if (!isPairs) throw malformed(tag, 'a list of pairs')
  const pairs = content as readonly (readonly [unknown, unknown])[]
  return new Map(pairs.map(([key, item]) => [fromTypedJson(key, depth + 1), fromTypedJson(item, depth + 1)]))
}

function numberOf(tag: string, content: unknown): number {
  const number = typeof content === 'string' ? specialNumbers.get(content) : undefined
  if (number === undefined) throw malformed(tag, [...specialNumbers.keys()].join(', '))
  return number
}

const specialNumbers: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
])

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function malformed(tag: string, wanted: string): StreamyError {
  return new StreamyError('VALUE_NOT_ENCODABLE', `${tag} does not hold what it must: ${wanted}.`)
}

function tooDeep(): StreamyError {
  return new StreamyError(
    'VALUE_NOT_ENCODABLE',
    `A value is nested more than ${serverLimits.jsonDepthMax} deep. Store its parts under keys of their own.`,
  )
}
