// Fields as bytes: the same for the same fields, and what does not parse is refused.

import { freeze, sameDatum, thaw } from '@streamy-db/core'
import { describe, expect, test } from 'vitest'
import { decodeFields, encodeFields, type FieldValues, shapeOf } from './field-values.ts'
import { codeOf } from './testing/code-of.ts'

const shape = shapeOf(['count', 'name', 'list'])
const values: FieldValues = [shape, 5, 'Ada', freeze([1, { a: 2 }], 'list')]

describe('fields', () => {
  test('of equal names share one shape', () => {
    expect(shapeOf(['count', 'name', 'list'])).toBe(shape)
    expect(shapeOf(['count', 'list', 'name'])).not.toBe(shape)
    expect(shapeOf(['a,b'])).not.toBe(shapeOf(['a', 'b']))
  })

  test('come back from their bytes, and give the same bytes again', () => {
    const bytes = encodeFields(values)
    const back = decodeFields('T/a', bytes)
    const [backShape, ...data] = back
    const [, ...expected] = values
    expect(data.map(thaw)).toEqual(expected.map(thaw))
    expect(data.every((datum, index) => sameDatum(datum, expected[index]))).toBe(true)
    expect(backShape).toBe(shape)
    expect(encodeFields(back)).toEqual(bytes)
  })

  test('do not keep hold of the bytes they were read from', () => {
    const names = ['lent', 'list']
    const bytes = Buffer.from(encodeFields([shapeOf(names), 'text', freeze([1], 'list')]))
    const text = bytes.toString('latin1').replace('lent', 'LENT')
    const lent = Buffer.from(text, 'latin1')
    const back = decodeFields('T/a', lent)
    lent.fill(0)
    const [backShape, , list] = back
    expect(backShape.names).toEqual(['LENT', 'list'])
    expect(thaw(list)).toEqual([1])
    expect(Buffer.from(encodeFields(back)).toString('latin1')).toBe(text)
  })

  test('of every scalar keep their value exactly', () => {
    const scalars = [
      undefined,
      null,
      true,
      false,
      0,
      -0,
      1.5,
      -7,
      NaN,
      Infinity,
      2 ** 53,
      5n,
      -(2n ** 80n),
      '',
      'ä\u0000🎉',
    ]
    const all: FieldValues = [shapeOf(scalars.map((_, index) => `f${index}`)), ...scalars]
    const [, ...data] = decodeFields('T/a', encodeFields(all))
    data.forEach((datum, index) => expect(Object.is(datum, scalars[index])).toBe(true))
  })

  test('have stable bytes, version 1', () => {
    expect(Buffer.from(encodeFields([shapeOf(['next']), 5])).toString('hex')).toBe('010601046e6578740405')
  })

  test('that are cut short, too long or of an unknown version are refused', () => {
    const bytes = Buffer.from(encodeFields(values))
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => decodeFields('T/a', bytes.subarray(0, length)))).toBe('STATE_CORRUPT')
    expect(codeOf(() => decodeFields('T/a', Buffer.concat([bytes, Buffer.from([0])])))).toBe('STATE_CORRUPT')
    bytes[0] = 2
    expect(codeOf(() => decodeFields('T/a', bytes))).toBe('FORMAT_UNKNOWN')
  })
})
