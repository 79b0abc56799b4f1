// Filters against mingo as it comes, where the two are meant to agree; and what is meant to differ; and what is refused.

import * as fc from 'fast-check'
import { Context } from 'mingo/core'
import * as mingoOperators from 'mingo/operators/query'
import { Query } from 'mingo/query'
import { expect, test } from 'vitest'
import { FilterInvalid } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'
import { filterOfText, filterText } from './filter.ts'

const matches = (filter: unknown, document: unknown): boolean => filterOfText(filterText(filter)).matches(document)

// Numbers of one kind, ASCII text, arrays of scalars: where mingo's own order is MongoDB's.
const scalars = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('', 'a', 'ab', 'b'), fc.boolean())
const documents = fc.record(
  {
    a: scalars,
    b: fc.array(scalars, { maxLength: 3 }),
    c: fc.record({ d: scalars }),
    e: fc.array(fc.record({ d: scalars }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const conditions = fc.oneof(
  scalars,
  fc.record({ $gt: scalars }),
  fc.record({ $gte: scalars, $lt: scalars }),
  fc.record({ $lte: scalars }),
  fc.record({ $ne: scalars }),
  fc.record({ $in: fc.array(scalars, { maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalars, { maxLength: 3 }) }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $not: fc.record({ $gt: scalars }) }),
  fc.record({ $size: fc.nat(3) }),
  fc.record({ $elemMatch: fc.record({ $gt: scalars }) }),
  fc.record({ $regex: fc.constantFrom('^a', 'b$', 'a|b') }),
)
const branches = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c.d', 'e.d', 'f'), conditions), { maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs) as Record<string, unknown>)
const filters = fc.oneof(
  branches,
  fc.record({ $or: fc.array(branches, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $and: fc.array(branches, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $nor: fc.array(branches, { minLength: 1, maxLength: 3 }) }),
)

test('filters match what mingo says', () => {
  const context = Context.init().addQueryOps(mingoOperators)
  fc.assert(
    fc.property(filters, documents, (filter, document) => {
      expect(matches(filter, document)).toBe(new Query(filter as never, { context }).test(document))
    }),
    { numRuns: 4000 },
  )
})

test.each([
  ['1n is 1', { a: 1n }, { a: 1 }, true],
  ['bigints compare as numbers', { a: { $gt: 9 } }, { a: 10n }, true],
  ['NaN is not below a number', { a: { $lt: 5 } }, { a: NaN }, false],
  ['NaN is not above a number', { a: { $gte: 5 } }, { a: NaN }, false],
  ['NaN is NaN', { a: { $lte: NaN } }, { a: NaN }, true],
  ['text sorts by code points', { a: { $gt: '\u{ffff}' } }, { a: '\u{10000}' }, true],
  ['kinds do not compare', { a: { $gt: 1 } }, { a: '2' }, false],
  ['null is a missing field', { a: null }, {}, true],
  ['arrays in arrays have items', { 'a.b': 2 }, { a: [{ b: [1, 2] }, { b: [3] }] }, true],
  ['inherited names are no fields', { toString: { $exists: true } }, { a: 1 }, false],
  ['bytes are equal by their bytes', { a: Uint8Array.of(1) }, { a: Uint8Array.of(1) }, true],
  ['regular expressions are data', { a: /^A/i }, { a: 'abc' }, true],
  ['and may be denied', { a: { $not: /^a/ } }, { a: 'abc' }, false],
  ['by number into a list', { 'a.1': 5 }, { a: [1, 5] }, true],
  ['several items may meet one condition each', { a: { $gt: 5, $lt: 3 } }, { a: [1, 9] }, true],
  ['one item must meet all of $elemMatch', { a: { $elemMatch: { $gt: 5, $lt: 3 } } }, { a: [1, 9] }, false],
  ['$all takes a scalar for a list of it', { a: { $all: [1] } }, { a: 1 }, true],
  ['$all wants all', { a: { $all: [1, 2] } }, { a: [1] }, false],
  ['$elemMatch within $all', { a: { $all: [{ $elemMatch: { b: 1 } }] } }, { a: [{ b: 1 }] }, true],
])('%s', (_, filter, document, expected) => {
  expect(matches(filter, document)).toBe(expected)
})

test.each([
  ['$where', { $where: 'true' }],
  ['$where', { a: { $where: 'true' } }],
  ['$function', { $expr: { $function: {} } }],
  ['$text', { $text: { $search: 'a' } }],
  ['$jsonSchema', { $jsonSchema: {} }],
  ['$foo', { a: { $foo: 1 } }],
  ['$foo', { a: { $elemMatch: { b: { $foo: 1 } } } }],
  ['$foo', { $and: [{ $or: [{ a: { $not: { $foo: 1 } } }] }] }],
  ['$toString', { a: { $toString: 1 } }],
  ['$constructor', { a: { $constructor: 1 } }],
  ['$in', { a: { $in: 5 } }],
  ['$in', { a: { $in: [/a/] } }],
  ['$and', { $and: [] }],
  ['$or', { $or: {} }],
  ['$eq', { a: undefined }],
  ['$eq', { a: new Map() }],
  ['$eq', { a: { b: { $gt: 1 } } }],
  ['$eq', { a: new Date(NaN) }],
  ['$size', { a: { $size: -1 } }],
  ['$mod', { a: { $mod: [0, 1] } }],
  ['$type', { a: { $type: 'nonsense' } }],
  ['$exists', { a: { $exists: 1 } }],
  ['$options', { a: { $options: 'i' } }],
  ['$regex', { a: /(a)\1/ }],
  ['$regex', { a: /a(?=b)/ }],
  ['$regex', { a: { $regex: '(' } }],
  ['$regex', { a: { $regex: 'a', $options: 'q' } }],
  ['$regex', { a: { $regex: 'a'.repeat(documentLimits.patternLengthMax + 1) } }],
])('%s is refused by name in %o', (operator, filter) => {
  let thrown: unknown
  try {
    filterText(filter)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(FilterInvalid)
  const named = (thrown as FilterInvalid).data.operator
  expect(named === operator || (operator === '$function' && named === '$expr')).toBe(true)
})

test.each([
  5,
  null,
  [],
  'a',
  { '': 1 },
  { 'a..b': 1 },
  { 'a.__proto__.b': 1 },
  { 'a.$b': 1 },
  JSON.parse('{"__proto__": 1}'),
])('%o is no filter', (filter) => {
  expect(() => filterText(filter)).toThrow(FilterInvalid)
})

test('a filter that is nested too deep, or too large, is refused', () => {
  let filter: object = { a: 1 }
  for (let depth = 0; depth < 40; depth++) filter = { $and: [filter] }
  expect(() => filterText(filter)).toThrow(FilterInvalid)
  expect(() => filterText({ a: { $in: Array.from({ length: 40_000 }, (_, index) => index) } })).toThrow(FilterInvalid)
})

test('expressions that backtrack for ever elsewhere take linear time', () => {
  const text = `${'a'.repeat(200_000)}!`
  // Each takes JavaScript's own engine longer than anybody has.
  for (const source of ['^(a+)+$', '^(a|aa)*$', '(.*a){20}$', '^(([a-z])+.)+[A-Z]([a-z])+$'])
    expect(matches({ a: { $regex: source } }, { a: text })).toBe(false)
})
