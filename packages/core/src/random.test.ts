// The generator that handlers draw from: the same seed draws the same for ever, other seeds draw something else, and
// what is drawn looks random enough for dice.

import { describe, expect, it } from 'vitest'
import { Random, hashText } from './random.ts'

describe('Random', () => {
  it('draws the same for the same seed, for ever: replay rests on it', () => {
    const random = new Random('seed')
    const drawn = [random.next(), random.next(), random.uuid()]
    const again = new Random('seed')
    expect([again.next(), again.next(), again.uuid()]).toEqual(drawn)
    expect(drawn).toMatchInlineSnapshot(`
      [
        0.18902298417281937,
        0.10850668617932657,
        "84fecbc6-37c0-461c-9fd0-0579af0b36b3",
      ]
    `)
    expect([hashText(''), hashText('toy/a'), hashText('ä\u{1F600}')]).toMatchInlineSnapshot(`
      [
        2872998923,
        1547457363,
        3763107291,
      ]
    `)
  })

  it('draws something else for seeds that hardly differ', () => {
    const firsts = Array.from({ length: 1000 }, (_, index) => new Random(`seed/${index}`).next())
    expect(new Set(firsts).size).toBe(1000)
    expect(unevenness(firsts, 10)).toBeLessThan(1)
  })

  it('draws from [0, 1), evenly, with all bits', () => {
    const random = new Random('even')
    const drawn = Array.from({ length: 20_000 }, () => random.next())
    expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(unevenness(drawn, 100)).toBeLessThan(1)
    // The lowest of 53 bits is as good as the highest.
    const lowest = drawn.map((number) => (number * 2 ** 52) % 1)
    expect(unevenness(lowest, 2)).toBeLessThan(1)
    // So are pairs that follow each other.
    const pairs = drawn
      .slice(1)
      .map((number, index) => (Math.floor(number * 4) * 4 + Math.floor(drawn[index]! * 4)) / 16)
    expect(unevenness(pairs, 16)).toBeLessThan(1)
  })

  it('fills bytes evenly', () => {
    const bytes = new Uint8Array(25_600)
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's `fill`
    new Random('bytes').fill(bytes)
    const fractions = Array.from(bytes, (byte) => byte / 256)
    expect(unevenness(fractions, 256)).toBeLessThan(1)
  })

  it('makes version 4 UUIDs that do not repeat', () => {
    const random = new Random('uuid')
    const uuids = Array.from({ length: 2000 }, () => random.uuid())
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(uuids).size).toBe(2000)
  })
})

// Pearson's chi squared over equal bins, in units of its 0.9999 quantile by Wilson and Hilferty.
function unevenness(numbers: readonly number[], bins: number): number {
  const counts = Array<number>(bins).fill(0)
  for (const number of numbers) counts[Math.floor(number * bins)]! += 1
  const expected = numbers.length / bins
  const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const freedom = bins - 1
  const bound = freedom * (1 - 2 / (9 * freedom) + 3.72 * Math.sqrt(2 / (9 * freedom))) ** 3
  return chiSquared / bound
}
