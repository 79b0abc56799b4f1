// Values on their way into stored form and back: what survives, what is refused, and what bytes from anyone may do.

import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { Packed, freeze, freezeBriefly, sameDatum, thaw, type Datum } from './datum.ts'
import { StreamyError } from './errors.ts'
import { limits } from './limits.ts'

const notEncodable = expect.objectContaining({ code: 'VALUE_NOT_ENCODABLE' })
const tooLarge = expect.objectContaining({ code: 'VALUE_TOO_LARGE' })

describe('a value comes back as it went in', () => {
  it.each<[string, unknown]>([
    ['undefined, null and booleans', [undefined, null, true, false]],
    ['numbers of every kind', [0, -0, 1, -1, 0.1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -(2 ** 53), 1e300, 5e-324]],
    ['NaN and the infinities', [NaN, Infinity, -Infinity]],
    ['bigints of any size', [0n, 1n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 64n), 10n ** 1000n, -(10n ** 1000n)]],
    ['strings', ['', 'a', 'ä', '\u{1F600}', '\0', '\uFEFF', 'x'.repeat(70_000), 'é'.repeat(100)]],
    ['dates, near, far and none', [0, -1, 1, 8.64e15, -8.64e15, NaN, 1.5e12].map((time) => new Date(time))],
    ['bytes', [new Uint8Array(0), new Uint8Array([0, 255, 7]), new Uint8Array(1000).fill(9)]],
    [
      'Map and Set with any keys',
      new Map<unknown, unknown>([
        [{ a: [1] }, new Set([1, NaN, 'x'])],
        [NaN, 1],
        [2n, 2],
        [new Date(5), 3],
      ]),
    ],
    ['objects with undefined', { a: undefined, b: [undefined], c: { d: undefined } }],
    [
      'keys like those of every object',
      { constructor: 1, toString: 2, hasOwnProperty: 3, valueOf: 4, toJSON: 5, length: 6, '': 7, '0': 8 },
    ],
    ['keys that need care', { 'a b\n"': 1, '\u2028': 2, ä: 3, '[x]': 4, __proto_: 5, prototype: 6 }],
    ['empty things', [{}, [], new Map(), new Set(), [[]], [{}]]],
    [
      'more shapes than are remembered',
      Array.from({ length: 200 }, (_, i) => ({ [`k${i}`]: i, again: { [`q${i % 70}`]: 1 } })),
    ],
    ['a list of records', Array.from({ length: 100 }, (_, id) => ({ id, name: `name ${id}`, inner: { x: id } }))],
    [
      'objects with the same keys in another order',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
  ])('%s', (_, value) => {
    expect(trip(value)).toStrictEqual(value)
  })

  it('scalars as themselves', () => {
    for (const value of [undefined, null, true, 0, -0, NaN, 5n, 'text']) expect(freeze(value, 'it')).toBe(value)
  })

  it('minus zero within a value, as key of a map, and as time', () => {
    expect(Object.is((trip([-0]) as number[])[0], -0)).toBe(true)
    expect(Object.is((trip({ a: { b: -0 } }) as { a: { b: number } }).a.b, -0)).toBe(true)
  })

  it('the order of keys and items', () => {
    expect(Object.keys(trip({ b: 1, 2: 1, a: 1, 1: 1 }) as object)).toEqual(['1', '2', 'b', 'a'])
    expect([
      ...(
        trip(
          new Map([
            ['b', 1],
            ['a', 2],
          ]),
        ) as Map<string, number>
      ).keys(),
    ]).toEqual(['b', 'a'])
  })

  it('as a fresh copy each time: what its holders do to it touches nobody', () => {
    const value = { list: [1], bytes: new Uint8Array([1]), map: new Map([[1, { a: 1 }]]) }
    const frozen = freeze(value, 'it')
    value.list.push(2)
    value.bytes[0] = 9
    const first = thaw(frozen) as typeof value
    first.list.push(3)
    first.bytes[0] = 8
    first.map.get(1)!.a = 7
    expect(thaw(frozen)).toStrictEqual({ list: [1], bytes: new Uint8Array([1]), map: new Map([[1, { a: 1 }]]) })
  })

  it('bytes as Uint8Array, whoever made them and wherever they were stored', () => {
    const frozen = freeze([Buffer.from('ab'), new Uint8Array([1])], 'it')
    const out = new ByteWriter()
    out.datum(frozen)
    const stored = new ByteReader(out.take()).datum()
    for (const datum of [frozen, stored]) {
      const [buffer, bytes] = thaw(datum) as Uint8Array[]
      expect(Object.getPrototypeOf(buffer)).toBe(Uint8Array.prototype)
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(Buffer.from(buffer!).toString()).toBe('ab')
    }
  })

  it('objects without a prototype as plain ones, accessors as what they give', () => {
    expect(trip(Object.assign(Object.create(null) as object, { a: 1 }))).toStrictEqual({ a: 1 })
    const accessor = {
      get a(): number {
        return 1
      },
    }
    expect(trip(accessor)).toStrictEqual({ a: 1 })
  })

  it('an accessor that freezes another value meanwhile does no harm', () => {
    const inner = freeze([1, 2, 3], 'inner')
    const outer = {
      before: 1,
      get inner(): number {
        freeze([1, 2, 3], 'inner')
        return 2
      },
      after: [3],
    }
    expect(trip(outer)).toStrictEqual({ before: 1, inner: 2, after: [3] })
    expect(freeze([1, 2, 3], 'inner')).toStrictEqual(inner)
  })

  it('whatever it is', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const frozen = freeze(value, 'it')
        // Not by vitest's equality, which asks objects for their `constructor`, a key like any other here.
        expect(isDeepStrictEqual(thaw(frozen), value)).toBe(true)
        expect(sameDatum(freeze(thaw(frozen), 'it'), frozen)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})

describe('equal values have equal bytes', () => {
  it('whatever was frozen before', () => {
    const value = { b: 1, a: [{ c: 1 }, { c: 2 }] }
    const before = freeze(value, 'it') as Packed
    for (let i = 0; i < 500; i++) freeze({ [`k${i}`]: { [`q${i}`]: [i] } }, 'other')
    expect(() => freeze([{ a: 1 }, () => 1], 'broken')).toThrow(notEncodable)
    expect((freeze(value, 'it') as Packed).bytes).toEqual(before.bytes)
  })

  it('whatever NaN a processor or a compiler makes of it', () => {
    const bits = new DataView(new ArrayBuffer(8))
    const nans = [0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff8000000000123n].map((payload) => {
      bits.setBigUint64(0, payload)
      return bits.getFloat64(0)
    })
    const divide = (a: number, b: number): number => a / b
    nans.push(divide(0, 0), Number.NaN, Math.sqrt(-1))
    const encodings = nans.map((nan) => {
      const out = new ByteWriter()
      out.datum(nan)
      out.datum(freeze([nan, new Date(nan)], 'it'))
      return out.take().toString('hex')
    })
    expect(new Set(encodings).size).toBe(1)
  })

  it('and different values have different bytes', () => {
    const values = [
      [0],
      [-0],
      [NaN],
      [0n],
      ['0'],
      [false],
      [null],
      [undefined],
      [[]],
      [{}],
      [new Map()],
      [new Set()],
      [new Date(0)],
    ]
    values.push([new Uint8Array(0)], [''], [], [{ a: undefined }])
    const encodings = values.map((value) => Buffer.from((freeze(value, 'it') as Packed).bytes).toString('hex'))
    expect(new Set(encodings).size).toBe(values.length)
    expect(sameDatum(0, -0)).toBe(false)
    expect(sameDatum(NaN, NaN)).toBe(true)
    expect(sameDatum('1', 1)).toBe(false)
  })
})

describe('what would not come back is refused, and named', () => {
  class Point {
    x = 1
  }
  class Names extends Array<string> {}
  class Index extends Map<string, string> {}
  const cycle: unknown[] = []
  cycle.push([cycle])
  // oxlint-disable-next-line no-sparse-arrays -- that is the point
  const holes = [1, , 3]

  it.each<[string, unknown, string]>([
    ['functions', { a: { b: () => 1 } }, 'a function'],
    ['symbols', [Symbol('x')], 'a symbol'],
    ['a function by itself', () => 1, 'a function'],
    ['keys that are symbols', [{ [Symbol('x')]: 1 }], 'a key that is a symbol'],
    ['instances of classes', { p: new Point() }, 'an instance of Point'],
    ['instances of classes of arrays', [new Names()], 'an instance of Names'],
    ['instances of classes of maps', [new Index()], 'an instance of Index'],
    ['errors', new Error('x'), 'an instance of Error'],
    ['regular expressions', [/x/], 'an instance of RegExp'],
    ['boxed numbers', [Object(1)], 'an instance of Number'],
    ['promises', [Promise.resolve()], 'an instance of Promise'],
    ['other typed arrays', [new Float64Array(2)], 'an instance of Float64Array'],
    [
      'an instance whose class has no name',
      [
        new (class {
          x = 1
        })(),
      ],
      'an instance of a class',
    ],
    ['cycles', cycle, 'a cycle'],
    ['arrays with holes', [holes], 'an array with holes'],
    ['arrays of nothing but holes', Array(2 ** 32 - 1), 'an array with holes'],
    ['a key named __proto__', JSON.parse('{"a":{"__proto__":{"polluted":1}}}'), '__proto__'],
    ['lone surrogates', ['\uD800'], 'a lone surrogate'],
    ['lone surrogates in keys', { 'x\uDC00': 1 }, 'a lone surrogate'],
    ['a lone surrogate by itself', '\uD83D', 'a lone surrogate'],
  ])('%s', (_, value, found) => {
    expect(() => freeze(value, 'argument 1 of deposit')).toThrow(
      expect.objectContaining({
        code: 'VALUE_NOT_ENCODABLE',
        message: expect.stringMatching(new RegExp(`^argument 1 of deposit holds .*${found}`)) as string,
      }),
    )
  })

  it('a collection that changes while it is read', () => {
    const set = new Set<unknown>([1])
    set.add({
      get grow(): number {
        return set.add(set.size).size
      },
    })
    expect(() => freeze(set, 'it')).toThrow(notEncodable)
  })

  it(`more than ${limits.valueDepthMax} levels`, () => {
    expect(trip(nested(limits.valueDepthMax))).toStrictEqual(nested(limits.valueDepthMax))
    expect(() => freeze(nested(limits.valueDepthMax + 1), 'it')).toThrow(notEncodable)
  })

  it.each<[string, (bytes: number) => unknown]>([
    ['text', (bytes) => 'x'.repeat(bytes)],
    ['text of other alphabets', (bytes) => 'ä'.repeat(Math.ceil(bytes / 2))],
    ['a bigint', (bytes) => 16n ** BigInt(bytes)],
    ['text within', (bytes) => ['x'.repeat(bytes)]],
    ['bytes', (bytes) => new Uint8Array(bytes)],
    ['a list', (bytes) => Array(bytes).fill(1)],
    ['a map', (bytes) => new Map(Array.from({ length: bytes / 2 }, (_, index) => [index, index]))],
  ])('what is too large: %s', (_, make) => {
    expect(() => freeze(make(limits.valueBytesMax + 1), 'it')).toThrow(tooLarge)
    expect(trip(make(1000))).toStrictEqual(make(1000))
  })

  it('and leaves Object.prototype alone', () => {
    for (const bytes of [pack([17, 1, 9, ...Buffer.from('__proto__'), 17, 1, 1, 0x61, 3])])
      expect(() => thaw(bytes)).toThrow(notEncodable)
    expect(() => freeze(JSON.parse('{"__proto__":{"polluted":1}}'), 'it')).toThrow(notEncodable)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('a value that is frozen briefly', () => {
  const known = { list: [1, 'two'], nested: { deep: true } }
  const stored = freeze(known, 'it') as Packed
  const forms = { storedFormOf: (object: object) => (object === known ? stored : undefined) }

  it('has the same bytes', () => {
    for (const value of [1, 'text', null, undefined, 5n, known, [known, known], new Map([[1, known]])])
      expect(sameDatum(freezeBriefly(value, 'it'), freeze(value, 'it'))).toBe(true)
  })

  it('and whose stored form is known is that very form', () => {
    expect(freezeBriefly(known, 'it', forms)).toBe(stored)
  })

  it('and that holds what is known comes back whole, with objects of the same shape before and behind it', () => {
    const shape = { list: [], nested: 2 }
    const value = [shape, known, shape, new Map([['key', known]]), known.nested]
    expect(thaw(freezeBriefly(value, 'it', forms))).toEqual(value)
  })

  it('is refused above the limit, what is known included', () => {
    const large = freeze('x'.repeat(limits.valueBytesMax / 2).split(' '), 'it') as Packed
    const value = [known, known, known]
    expect(() =>
      freezeBriefly(value, 'it', { storedFormOf: (object) => (object === known ? large : undefined) }),
    ).toThrow(tooLarge)
  })
})

describe('bytes that freeze never made', () => {
  it.each<[string, readonly number[]]>([
    ['nothing', []],
    ['an unknown tag', [99]],
    ['a packed value within a value', [16, 1, 9, 1, 0]],
    ['bytes left over', [16, 0, 0]],
    ['an array that claims more than there is', [16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a map that claims more than there is', [19, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['bytes that claim more than there are', [22, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
    ['a string that claims more than there is', [16, 1, 7, 0xff, 0xff, 0x7f]],
    ['a string that is not UTF-8', [16, 1, 7, 1, 0xff]],
    ['a shape that was not there', [18, 0]],
    ['a shape within itself', [17, 1, 1, 0x61, 18, 1]],
    ['a key twice in an object', [17, 2, 1, 0x61, 1, 0x61, 0, 0]],
    ['a key twice in a map', [19, 2, 0, 0, 0, 0]],
    ['an item twice in a set', [20, 2, 0, 0]],
    ['a stored value within a stored value', [23, 3, 23, 1, 0]],
    ['a stored value that claims more than there is', [23, 4, 16, 0]],
    ['a stored value with bytes left over', [23, 2, 0, 0]],
    ['a date that is none', [21, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f]],
    ['a NaN with a payload', [16, 1, 6, 1, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ['an integer as float', [16, 1, 6, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
    ['an integer in more bytes than it needs', [16, 1, 4, 0x80, 0]],
    ['minus zero as integer', [16, 1, 5, 0]],
    ['a bigint in other digits', [16, 1, 8, 2, 0x30, 0x31]],
    [
      'far too deep',
      Array<number>(100_000)
        .fill(16)
        .flatMap((tag) => [tag, 1]),
    ],
  ])('are refused: %s', (_, bytes) => {
    expect(() => thaw(pack(bytes))).toThrow(notEncodable)
  })

  it('never crash anything, whatever they are, and never make more than they hold', () => {
    const byte = fc.oneof(fc.constantFrom(16, 17, 18, 19, 20, 21, 22, 23, 7, 4, 0, 1, 2), fc.nat(255))
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        expect(['refused', 'a value']).toContain(readingOf(pack(bytes)))
      }),
      { numRuns: 1000 },
    )
  })

  it('that are a value but for one byte, or its end, are another value or refused', () => {
    const value = { a: [1, -5, 0.5, 'text', 10n], b: new Map([['k', new Set([1])]]), c: [{ d: 1 }, { d: new Date(7) }] }
    const { bytes } = freeze(value, 'it') as Packed
    for (let at = 0; at < bytes.length; at++) {
      expect(readingOf(new Packed(bytes.subarray(0, at)))).toBe('refused')
      for (let bit = 0; bit < 8; bit++) {
        const damaged = bytes.slice()
        damaged[at]! ^= 1 << bit
        expect(['refused', 'a value']).toContain(readingOf(new Packed(damaged), value))
      }
    }
  })
})

const anyKey = fc.oneof(fc.constantFrom('constructor', 'toString', 'a', 'b', '0', 'ä'), fc.string({ unit: 'grapheme' }))
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(undefined, null, true, false, -0, NaN),
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.string({ unit: 'grapheme' }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      anyKey.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie('value')), { maxLength: 4 })
      .map((entries) => new Map(entries)),
    fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}))

function trip(value: unknown): unknown {
  return thaw(freeze(value, 'it'))
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

function pack(bytes: readonly number[]): Packed {
  return new Packed(Uint8Array.from(bytes))
}

// What bytes are to `thaw`. What parses must be a value like any other, and not the one that was damaged.
function readingOf(datum: Datum, undamaged: unknown = Symbol('none')): string {
  let value: unknown
  try {
    value = thaw(datum)
  } catch (error) {
    return error instanceof StreamyError && error.code === 'VALUE_NOT_ENCODABLE'
      ? 'refused'
      : `crashed: ${String(error)}`
  }
  if (!isDeepStrictEqual(trip(value), value)) return 'a value that does not survive'
  return isDeepStrictEqual(value, undamaged) ? 'the value, damaged or not' : 'a value'
}
