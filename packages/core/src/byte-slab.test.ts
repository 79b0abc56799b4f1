// What a slab promises: copies that hold what was copied, and that nobody else writes to.

import { expect, test } from 'vitest'
import { ByteSlab } from './byte-slab.ts'

test('every copy holds its own bytes, whatever is copied behind it', () => {
  const slab = new ByteSlab()
  const sizes = [0, 1, 64, 65, 1000, 8191, 8192, 8193, 100_000]
  const copies: (readonly [Uint8Array, number])[] = []
  for (let round = 0; round < 40; round++) {
    for (const size of sizes) {
      const filling = copies.length % 256
      const source = Buffer.alloc(size + 20, filling)
      source.fill(255, 0, 7).fill(255, 7 + size)
      copies.push([slab.copy(source, 7, 7 + size), filling])
      source.fill(254)
    }
  }
  for (const [index, [copy, filling]] of copies.entries()) {
    expect(copy).toHaveLength(sizes[index % sizes.length]!)
    expect(copy.every((byte) => byte === filling)).toBe(true)
  }
})

test('small copies share memory, and a large one has its own', () => {
  const slab = new ByteSlab()
  const source = Buffer.alloc(10_000, 1)
  const [one, other, large] = [100, 200, 10_000].map((size) => slab.copy(source, 0, size))
  expect(one!.buffer).toBe(other!.buffer)
  expect(large!.buffer.byteLength).toBe(10_000)
})
