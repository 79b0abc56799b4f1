// A record index is a map; only how it keeps what it is given differs. So it is compared with one.

import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecordIndex } from './record-index.ts'
import type { Slot } from './session-ledger.ts'

// Sequences mostly ascend, as those of clients do; tells have suffixes.
const slot: fc.Arbitrary<Slot> = fc.oneof(fc.nat(30), fc.constantFrom('00000000000001/a', '00000000000002/b'))

it('finds what was set last, whatever the order, and lists each once', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(slot, fc.constant('next' as const)), { maxLength: 60 }), (slots) => {
      const index = new RecordIndex()
      const expected = new Map<Slot, number>()
      let last = 0
      for (const [offset, given] of slots.entries()) {
        if (given === 'next') last += 2
        const key = given === 'next' ? last : given
        index.set(key, offset)
        expected.set(key, offset)
      }
      const listed = [...index.entries()]
      expect(index.size).toBe(expected.size)
      expect(listed).toHaveLength(expected.size)
      expect(new Map(listed)).toEqual(expected)
      for (let key = 0; key < 70; key++) expect(index.get(key)).toBe(expected.get(key))
      for (const key of ['00000000000001/a', '00000000000003/a']) expect(index.get(key)).toBe(expected.get(key))
    }),
  )
})
