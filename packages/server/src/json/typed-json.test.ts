// Typed JSON and keys in URLs. Goal: what goes in comes out, whatever it is, and hostile JSON makes neither prototypes nor
// deep stacks. Method: random values of all kinds, then the single traps.

import { freeze, thaw } from '@streamy-db/core'
import type { KvKeyPart } from '@streamy-db/kv'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyOfJson, keyOfParameter, keyOfSegments, keyToJson, segmentsOfKey } from './key-text.ts'
import { fromTypedJson, toTypedJson, typedJsonText } from './typed-json.ts'

const scalar = fc.oneof(
  fc.string(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
)
const name = fc.oneof(fc.string(), fc.constantFrom('$bigint', '$date', '$object', 'constructor', '$nope'))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { weight: 5, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map(objectOf) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((all) => new Map(all)),
    },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((all) => new Set(all)) },
  ),
}))

function objectOf(members: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [member, content] of members)
    Object.defineProperty(object, member, { value: content, enumerable: true, configurable: true, writable: true })
  return object
}

// As the database would store it: equal values have equal bytes.
function stored(given: unknown): unknown {
  return thaw(freeze(given, 'a value'))
}

describe('typed JSON', () => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(value, (given) => {
        const back = fromTypedJson(JSON.parse(typedJsonText(given)))
        expect(freeze(back, 'a value')).toEqual(freeze(given, 'a value'))
        expect(stored(back)).toEqual(stored(given))
      }),
      { numRuns: 500 },
    )
  })

  test('of what JSON knows is JSON', () => {
    const plain = { a: [1, 'x', true, null, { b: {} }], $many: 1, $members: 2 }
    expect(toTypedJson(plain)).toEqual(plain)
  })

  test('never makes a prototype of a member', () => {
    const back = fromTypedJson(JSON.parse('{"__proto__":{"isAdmin":true},"a":1}')) as { isAdmin?: boolean }
    expect(back.isAdmin).toBeUndefined()
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.keys(back)).toEqual(['__proto__', 'a'])
  })

  test.each([
    ['{"$bigint":5}'],
    ['{"$bigint":"0x5"}'],
    ['{"$bytes":"*"}'],
    ['{"$date":"yesterday"}'],
    ['{"$map":[[1]]}'],
    ['{"$set":{}}'],
    ['{"$number":"7"}'],
    ['{"$object":[]}'],
    ['{"$where":"1"}'],
  ])('refuses %s', (text) => {
    expect(() => fromTypedJson(JSON.parse(text))).toThrow(expect.objectContaining({ code: 'VALUE_NOT_ENCODABLE' }))
  })

  test('refuses what is nested too deep, without a deep stack', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(() => fromTypedJson(JSON.parse(deep))).toThrow(expect.objectContaining({ code: 'VALUE_NOT_ENCODABLE' }))
  })
})

const part: fc.Arbitrary<KvKeyPart> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '.', '..', '~', '~s', '~42', '[', 'a/b', '%2F'),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.uint8Array(),
)

describe('keys', () => {
  test('survive a path', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (key) => {
        const path = segmentsOfKey(key).map(encodeURIComponent).join('/')
        const { pathname } = new URL(`http://localhost/${path}`)
        expect(keyOfSegments(pathname.slice(1).split('/').map(decodeURIComponent))).toEqual(key)
      }),
    )
  })

  test('survive JSON, and a parameter', () => {
    fc.assert(
      fc.property(fc.array(part), (key) => {
        const text = JSON.stringify(keyToJson(key))
        expect(keyOfJson(JSON.parse(text))).toEqual(key)
        expect(keyOfParameter(text)).toEqual(key)
      }),
    )
  })

  test('are text unless a tilde says otherwise', () => {
    expect(keyOfParameter('users/42/~42/~42n/~true/~x00ff/~s~')).toEqual([
      'users',
      '42',
      42,
      42n,
      true,
      Uint8Array.of(0, 255),
      '~',
    ])
  })

  test.each(['users//x', '~', '~-', '~x0', '~1.', '~n', '~tru', '["a"', '[{}'])('refuses %s', (text) => {
    expect(() => keyOfParameter(text)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  })
})
