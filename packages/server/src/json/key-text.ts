// Keys in URLs and in JSON. In a path each segment is one part of the key: text as it is, and behind a tilde what is no
// text, or text that a segment could not hold otherwise:
//
//   users/ada  ["users","ada"]     orders/~42  ["orders",42]     ~42n  a bigint     ~true  ~false
//   ~x00ff  bytes in hexadecimal   ~s  the empty text            ~s~a  the text ~a  ~s..  the text ..

import { StreamyError } from '@streamy-db/core'
import type { KvKey, KvKeyPart } from '@streamy-db/kv'
import { fromTypedJson, toTypedJson } from './typed-json.ts'

/** The key that the segments of a path name, percent-decoded already. Throws KEY_INVALID. */
export function keyOfSegments(segments: readonly string[]): KvKey {
  return segments.map(partOfSegment)
}

/** The segments of a path that name a key, not yet percent-encoded. */
export function segmentsOfKey(key: KvKey): readonly string[] {
  return key.map(segmentOfPart)
}

/** A key as a query parameter gives it: a JSON list, or segments like those of a path. Throws KEY_INVALID. */
export function keyOfParameter(text: string): KvKey {
  if (!text.startsWith('[')) return text === '' ? [] : keyOfSegments(text.split('/'))
  try {
    return keyOfJson(JSON.parse(text))
  } catch (error) {
    if (error instanceof StreamyError) throw error
    throw invalid(`${text} begins like a JSON list and is none`, 'Write ["users",42], or users/~42.')
  }
}

/** A key as JSON gives it: a list of texts, numbers, booleans, and typed JSON of bigints and bytes. Throws KEY_INVALID. */
export function keyOfJson(json: unknown): KvKey {
  if (!Array.isArray(json)) throw invalid('is no list', 'Write ["users",42].')
  // The layer refuses parts that are of no type that a part may have.
  return json.map((part) => fromTypedJson(part)) as KvKeyPart[]
}

/** A key as JSON's own types. */
export function keyToJson(key: KvKey): unknown {
  return key.map(toTypedJson)
}

const special: ReadonlyMap<string, KvKeyPart> = new Map<string, KvKeyPart>([
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

function partOfSegment(segment: string): KvKeyPart {
  if (segment === '') throw invalid('has an empty part', 'Write ~s for the empty text.')
  if (!segment.startsWith('~')) return segment
  const text = segment.slice(1)
  if (text.startsWith('s')) return text.slice(1)
  const known = special.get(text)
  if (known !== undefined) return known
  if (/^x(?:[0-9a-f]{2})*$/i.test(text)) return Uint8Array.from(Buffer.from(text.slice(1), 'hex'))
  if (/^-?(?:0|[1-9]\d*)n$/.test(text)) return BigInt(text.slice(0, -1))
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return Number(text)
  throw invalid(
    `has the part ${segment}`,
    'Behind ~ stand a number, 42n, true, false, x and hexadecimal, or s and a text.',
  )
}

function segmentOfPart(part: KvKeyPart): string {
  if (typeof part === 'string') return part === '' || /^~|^\.{1,2}$/.test(part) ? `~s${part}` : part
  if (typeof part === 'bigint') return `~${part}n`
  if (typeof part === 'number') return Object.is(part, -0) ? '~-0' : `~${part}`
  if (typeof part === 'boolean') return `~${part}`
  return `~x${Buffer.from(part).toString('hex')}`
}

function invalid(problem: string, advice: string): StreamyError {
  return new StreamyError('KEY_INVALID', `A key ${problem}. ${advice}`)
}
