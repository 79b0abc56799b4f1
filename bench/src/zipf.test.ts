// Goal: the samplers draw what they say. Method: many seeded draws against the exact law, with bounds that a sampler off
// by one index, or of the continuous law, exceeds by far.
import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'
import { uniformSampler, zipfSampler } from './zipf.ts'

const draws = 200_000

test('Zipf draws each index as often as its law says', () => {
  const count = 1000
  const exponent = 1.5
  const counts = tally(zipfSampler(count, exponent, seededRandom(1)), count)
  const weights = Array.from({ length: count }, (_, index) => (index + 1) ** -exponent)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  for (const index of [0, 1, 2, 9, 99]) {
    const expected = (draws * weights[index]!) / sum
    expect(Math.abs(counts[index]! - expected), `index ${index}`).toBeLessThan(5 * Math.sqrt(expected))
  }
})

test('Zipf of exponent 0 is uniform', () => {
  const counts = tally(zipfSampler(10, 0, seededRandom(2)), 10)
  for (const seen of counts) expect(Math.abs(seen - draws / 10)).toBeLessThan(5 * Math.sqrt(draws / 10))
})

test('every index is drawn, the last one too, and none beyond', () => {
  expect(tally(uniformSampler(7, seededRandom(3)), 7).every((seen) => seen > 0)).toBe(true)
  expect(tally(zipfSampler(7, 1, seededRandom(4)), 7).every((seen) => seen > 0)).toBe(true)
  expect(zipfSampler(3, 1, () => 1 - Number.EPSILON)()).toBe(2)
  expect(zipfSampler(3, 1, () => 0)()).toBe(0)
})

test('the same seed draws the same', () => {
  const first = uniformSampler(1e6, seededRandom(5))
  const second = uniformSampler(1e6, seededRandom(5))
  expect(Array.from({ length: 20 }, first)).toEqual(Array.from({ length: 20 }, second))
})

function tally(sample: () => number, count: number): readonly number[] {
  const counts = Array.from({ length: count }, () => 0)
  for (let draw = 0; draw < draws; draw++) counts[sample()]! += 1
  expect(counts.reduce((sum, seen) => sum + seen, 0)).toBe(draws)
  return counts
}
