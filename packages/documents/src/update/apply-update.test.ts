// Updates: what each operator makes of a document, and what is refused with nothing changed.

import { expect, test } from 'vitest'
import { FilterInvalid, UpdateInvalid } from '../document-errors.ts'
import { filterText } from '../filter/filter.ts'
import { applyUpdate, updateText } from './apply-update.ts'

function updated(document: object, update: object, filter?: object, arrayFilters?: readonly object[]): unknown {
  const copy = structuredClone(document) as Record<string, unknown>
  return applyUpdate(copy, updateText(update, arrayFilters), filter && filterText(filter), false).document
}

test.each([
  [{ a: 1 }, { $set: { 'b.c': 2 } }, { a: 1, b: { c: 2 } }],
  [{ a: 1, b: 2 }, { $unset: { a: 1 } }, { b: 2 }],
  [{ a: 1 }, { $inc: { a: 2, n: 5 } }, { a: 3, n: 5 }],
  [{ a: 3 }, { $mul: { a: 2 } }, { a: 6 }],
  [{ a: 3 }, { $min: { a: 2 }, $max: { b: 4 } }, { a: 2, b: 4 }],
  [{ a: 3 }, { $rename: { a: 'z' } }, { z: 3 }],
  [{ t: [1] }, { $push: { t: 2 } }, { t: [1, 2] }],
  [{ t: [3, 1] }, { $push: { t: { $each: [2, 5], $sort: 1, $slice: 3 } } }, { t: [1, 2, 3] }],
  [{ t: [1] }, { $push: { t: { $each: [0], $position: 0 } } }, { t: [0, 1] }],
  [{ t: [1, 2] }, { $addToSet: { t: { $each: [2, 3] } } }, { t: [1, 2, 3] }],
  [{ t: [1, 2, 3] }, { $pop: { t: -1 } }, { t: [2, 3] }],
  [{ t: [1, 5, 9] }, { $pull: { t: { $gte: 5 } } }, { t: [1] }],
  [{ t: ['a', 'b'] }, { $pull: { t: /^a/ } }, { t: ['b'] }],
  [{ t: [{ x: 1 }, { x: 2 }] }, { $pull: { t: { x: 1 } } }, { t: [{ x: 2 }] }],
  [{ t: [1n, 2] }, { $pull: { t: 1 } }, { t: [2] }],
  [{ t: [1, 2, 1] }, { $pullAll: { t: [1] } }, { t: [2] }],
  [{ a: 1 }, { $setOnInsert: { b: 1 } }, { a: 1 }],
  [{ n: 1n }, { $set: { n: 2n ** 70n } }, { n: 2n ** 70n }],
])('%o by %o becomes %o', (document, update, expected) => {
  expect(updated(document, update)).toEqual(expected)
})

test('positions name the item that the filter met, all items, or those of an array filter', () => {
  const document = {
    t: [
      { k: 'a', n: 1 },
      { k: 'b', n: 2 },
    ],
  }
  expect(updated(document, { $set: { 't.$.n': 9 } }, { 't.k': 'b' })).toEqual({
    t: [
      { k: 'a', n: 1 },
      { k: 'b', n: 9 },
    ],
  })
  expect(updated(document, { $inc: { 't.$[].n': 1 } })).toEqual({
    t: [
      { k: 'a', n: 2 },
      { k: 'b', n: 3 },
    ],
  })
  expect(updated(document, { $set: { 't.$[low].n': 0 } }, undefined, [{ 'low.n': { $lt: 2 } }])).toEqual({
    t: [
      { k: 'a', n: 0 },
      { k: 'b', n: 2 },
    ],
  })
})

test.each([
  [{ a: 1 }, undefined],
  [{}, undefined],
  [[{ $set: { a: 1 } }], undefined],
  [{ $foo: { a: 1 } }, '$foo'],
  [{ $where: 'x' }, '$where'],
  [{ $set: 5 }, '$set'],
  [{ $set: { 'a.__proto__.b': 1 } }, '$set'],
  [{ $set: { 'constructor.prototype.x': 1 } }, '$set'],
  [{ $set: { $a: 1 } }, '$set'],
  [{ $set: { a: undefined } }, '$set'],
  [{ $set: { a: { 'b.c': 1 } } }, '$set'],
  [{ $set: { a: { $b: 1 } } }, '$set'],
  [{ $inc: { a: '1' } }, '$inc'],
  [{ $inc: { a: 1n } }, '$inc'],
  [{ $inc: { a: NaN } }, '$inc'],
  [{ $push: { t: { $each: 5 } } }, '$push'],
  [{ $push: { t: { $each: [], $foo: 1 } } }, '$push'],
  [{ $pop: { t: 2 } }, '$pop'],
  [{ $rename: { a: 'b.$c' } }, '$rename'],
  [{ $currentDate: { a: 5 } }, '$currentDate'],
])('%o is refused', (update, operator) => {
  let thrown: unknown
  try {
    updateText(update)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(UpdateInvalid)
  expect((thrown as UpdateInvalid).data.operator).toBe(operator)
})

test('a condition of $pull is a filter', () => {
  expect(() => updateText({ $pull: { t: { $where: 'x' } } })).toThrow(FilterInvalid)
})

test.each([
  [{ a: 'x' }, { $inc: { a: 1 } }],
  [{ a: null }, { $mul: { a: 1 } }],
  [{ a: 1n }, { $inc: { a: 1 } }],
  [{ t: 5 }, { $push: { t: 1 } }],
  [{ t: 'x' }, { $pull: { t: 1 } }],
  [{ _id: 1 }, { $set: { _id: 2 } }],
  [{ _id: 1 }, { $set: { a: 1, 'a.b': 2 } }],
])('%o cannot be changed by %o', (document, update) => {
  expect(() => updated(document, update)).toThrow(UpdateInvalid)
})

test('nothing reaches the prototypes of objects', () => {
  for (const path of ['toString.x', 'a.toString.x', 'hasOwnProperty.call'])
    expect(() => updated({ a: {} }, { $set: { [path]: 1 } })).not.toThrow()
  expect(Object.keys(Object.prototype)).toEqual([])
  // Of the function itself.
  expect(Object.keys(Reflect.get(Object.prototype, 'toString') as object)).toEqual([])
})
