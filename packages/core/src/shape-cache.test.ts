// ShapeCache: what it remembers it gives back, byte for byte and key for key, and nothing else; and values come out the same
// whether their shapes were met before or not.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { freeze, Packed, thaw } from './datum.ts'
import { ShapeCache } from './shape-cache.ts'

function stored(keys: readonly string[]): Uint8Array {
  const out = new ByteWriter()
  out.varint(keys.length)
  for (const key of keys) out.string(key)
  return out.take()
}

describe('ShapeCache', () => {
  it('finds by keys and by bytes what was added, and reads on behind it', () => {
    const cache = new ShapeCache()
    const keys = ['value', 'position']
    cache.add(keys, stored(keys))
    expect([...cache.withKeys(['value', 'position'])!.bytes]).toEqual([...stored(keys)])
    const reader = new ByteReader(Uint8Array.of(...stored(keys), 42))
    expect(cache.read(reader)).toBe(keys)
    expect(reader.u8()).toBe(42)
  })

  it('takes no shape for another that begins as it does, or is its beginning', () => {
    const cache = new ShapeCache()
    cache.add(['a', 'b'], stored(['a', 'b']))
    for (const keys of [['a'], ['a', 'c'], ['a', 'b', 'c'], ['b', 'a'], ['ab'], []]) {
      const reader = new ByteReader(stored(keys))
      expect(cache.withKeys(keys)).toBeUndefined()
      expect(cache.read(reader)).toBeUndefined()
      expect(reader.offset).toBe(0)
    }
    expect(cache.read(new ByteReader(stored(['a', 'b']).subarray(0, 3)))).toBeUndefined()
  })

  it('keeps the latest eight, and none that is large', () => {
    const cache = new ShapeCache()
    const shapes = Array.from({ length: 9 }, (_, index) => [`key ${index}`])
    for (const keys of shapes) cache.add(keys, stored(keys))
    expect(shapes.filter((keys) => cache.withKeys(keys) !== undefined)).toEqual(shapes.slice(1))
    const large = ['x'.repeat(300)]
    cache.add(large, stored(large))
    expect(cache.withKeys(large)).toBeUndefined()
  })

  it('keeps bytes of its own', () => {
    const cache = new ShapeCache()
    const bytes = Uint8Array.from(stored(['a']))
    cache.add(['a'], bytes)
    bytes.fill(0)
    expect(cache.read(new ByteReader(stored(['a'])))).toEqual(['a'])
  })
})

describe('values of shapes that come and go', () => {
  it('have the same bytes, and come back, whatever was met before', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'ab', 'ü', '', 'a b')
    const object = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.dictionary(key, tie('value')), fc.array(tie('value'))),
    })).value
    const first = new Map<string, string>()
    fc.assert(
      fc.property(fc.array(object, { maxLength: 30 }), (values) => {
        for (const value of values) {
          const frozen = freeze(value, 'it')
          expect(thaw(frozen)).toEqual(value)
          if (!(frozen instanceof Packed)) continue
          const text = JSON.stringify(value)
          const bytes = Buffer.from(frozen.bytes).toString('hex')
          expect(first.get(text) ?? bytes).toBe(bytes)
          first.set(text, bytes)
        }
      }),
    )
  })

  it('are refused with a key twice or a forbidden one, also when a good one like it was met', () => {
    expect(thaw(freeze({ a: 1, b: 2 }, 'it'))).toEqual({ a: 1, b: 2 })
    for (const keys of [
      ['a', 'a'],
      ['a', '__proto__'],
    ])
      for (let round = 0; round < 2; round++)
        expect(() => thaw(new Packed(Uint8Array.of(17, ...stored(keys), 4, 1, 4, 2)))).toThrow(/do not parse/)
  })
})
