// The limit on all fields of one actor together.

import { type Datum, freeze, limits } from '@streamy-db/core'
import { expect, test } from 'vitest'
import { actorRefOf } from './index.ts'
import { checkActorSize } from './field-limits.ts'
import { shapeOf } from './field-values.ts'
import { codeOf } from './testing/code-of.ts'

const ref = actorRefOf('T', 'a')
const shape = shapeOf([])

test('fields that are too large together are refused, by actor and size', () => {
  const text = 'x'.repeat(limits.valueBytesMax)
  const most = limits.actorBytesMax / limits.valueBytesMax
  expect(() => checkActorSize([shape, ...Array<string>(most).fill(text)], ref)).not.toThrow()
  expect(() => checkActorSize([shape, ...Array<string>(most).fill(text), 1], ref)).toThrow(/The fields of T\/a have/)
  const bytes = freeze(new Uint8Array(limits.valueBytesMax - 100), 'bytes')
  expect(codeOf(() => checkActorSize([shape, ...Array<Datum>(most + 1).fill(bytes)], ref))).toBe('VALUE_TOO_LARGE')
  expect(codeOf(() => checkActorSize([shape, ...Array<bigint>(100).fill(5n)], ref))).toBe('NOTHING_THROWN')
})
