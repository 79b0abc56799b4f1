// What was replaced comes back from what is kept of it, whatever replaced it; and of a long value that was edited little is kept.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeReplaced, encodeReplaced, isPatch } from './replaced-value.ts'

const anyValue = fc.option(fc.uint8Array({ maxLength: 300, max: 2 }), { nil: undefined })

// Values that share a beginning and an end of any length, around the lengths at which they are compared in other ways.
const anyEdited = fc
  .record({
    start: fc.uint8Array({ maxLength: 1100 }),
    before: fc.uint8Array({ maxLength: 600, max: 1 }),
    after: fc.uint8Array({ maxLength: 600, max: 1 }),
    end: fc.uint8Array({ maxLength: 1100 }),
  })
  .map(({ start, before, after, end }) => [Buffer.concat([start, before, end]), Buffer.concat([start, after, end])])

function came(before: Uint8Array | undefined, after: Uint8Array | undefined): number[] | undefined {
  const kept = encodeReplaced(before, after)
  const back = decodeReplaced(kept, isPatch(kept) ? after : undefined)
  return back === undefined ? undefined : [...back]
}

test('what was replaced comes back, whatever replaced it', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (before, after) => {
      expect(came(before, after)).toEqual(before && [...before])
    }),
  )
  fc.assert(
    fc.property(anyEdited, ([before, after]) => {
      expect(came(before, after)).toEqual([...before!])
    }),
  )
})

test('of a long value that was edited only what differs is kept', () => {
  const before = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 241))
  const inserted = Buffer.concat([before.subarray(0, 4321), Buffer.from('inserted'), before.subarray(4321)])
  for (const [earlier, later] of [
    [before, inserted],
    [inserted, before],
    [before, Buffer.concat([before, Buffer.from('more')])],
    [before, Buffer.concat([Buffer.from('more'), before])],
    [before, before],
  ] as const) {
    expect(encodeReplaced(earlier, later).length).toBeLessThan(32)
    expect(came(earlier, later)).toEqual([...earlier])
  }
})

test('a value that has little in common with what replaced it is kept whole', () => {
  const before = new Uint8Array(1000).fill(1)
  const after = new Uint8Array(1000).fill(2)
  expect(isPatch(encodeReplaced(before, after))).toBe(false)
})

test('a patch is not applied to a value that it does not belong to', () => {
  const before = new Uint8Array(1000).fill(1)
  const kept = encodeReplaced(before, before)
  expect(() => decodeReplaced(kept, undefined)).toThrow('a patch belongs to the value')
  expect(() => decodeReplaced(kept, before.subarray(0, 100))).toThrow('a patch belongs to the value')
})
