// What is packed comes back as it was, over the ends of blocks; what the store cannot hold is refused and leaves nothing.

import type { StateChange } from '@streamy-db/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackedChanges } from './packed-changes.ts'
import { checksumOfState, originalEntry } from './state-key.ts'

const keys = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((key) => !key.includes('\0')),
  fc.integer({ min: 1000, max: 4000 }).map((length) => 'ü'.repeat(length / 2)),
)
const sizes = fc.oneof(fc.nat(300), fc.constantFrom(300_000, 1024 * 1024, 3_000_000))
const values = fc.option(
  fc.tuple(sizes, fc.nat(255)).map(([size, byte]) => new Uint8Array(size).fill(byte)),
  { nil: undefined },
)

test('changes come back in their order, with their checksums', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: keys, value: values }), { maxLength: 30 }), (changes) => {
      const packed = new PackedChanges()
      for (const change of changes) packed.add(change)
      expect(packed.count).toBe(changes.length)
      const taken = Array.from(packed.take())
      expect(taken.map(({ stored }) => stored === undefined)).toEqual(changes.map(({ value }) => value === undefined))
      for (const [index, { key, value }] of changes.entries()) if (value !== undefined) check(taken[index]!, key, value)
    }),
    { numRuns: 30 },
  )
})

test('what is refused leaves nothing', () => {
  const packed = new PackedChanges()
  packed.add(put('a', 1))
  expect(() => packed.add(put('', 1))).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  expect(() => packed.add(put('b', 16 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }))
  packed.add(put('c', 2))
  expect(Array.from(packed.take(), ({ key }) => String(key))).toEqual([
    String(Buffer.from('a')),
    String(Buffer.from('c')),
  ])
})

function check(
  taken: { readonly key: Uint8Array; readonly stored: Uint8Array | undefined; readonly check: number },
  key: string,
  value: Uint8Array,
): void {
  const entry = originalEntry(Buffer.from(taken.key), taken.stored!)
  expect(entry?.key).toBe(key)
  expect(Buffer.compare(entry!.value, value)).toBe(0)
  expect(taken.check).toBe(checksumOfState(key, taken.stored!))
}

function put(key: string, size: number): StateChange {
  return { key, value: new Uint8Array(size) }
}
