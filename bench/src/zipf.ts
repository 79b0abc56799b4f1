// Samplers of indices: uniform, and Zipf, where index k of n comes with probability (k + 1)^-s / (1^-s + … + n^-s).
//
// Zipf is drawn by inversion of the exact distribution over a table of its n cumulative sums (Luc Devroye, Non-Uniform
// Random Variate Generation, Springer 1986, section III.2). Shortcuts that invert the continuous law instead are
// visibly wrong for the first few indices, which is where a skewed load is decided.

import type { RandomSource } from './seeded-random.ts'

/** Draws an index. */
export type Sampler = () => number

/** Every index below `count` alike. */
export function uniformSampler(count: number, random: RandomSource): Sampler {
  return () => Math.floor(random() * count)
}

/** Index 0 most often; `exponent` 0 is uniform. */
export function zipfSampler(count: number, exponent: number, random: RandomSource): Sampler {
  const cumulative = new Float64Array(count)
  let sum = 0
  for (let index = 0; index < count; index++) {
    sum += (index + 1) ** -exponent
    cumulative[index] = sum
  }
  return () => firstAbove(cumulative, random() * sum)
}

/** The first index whose value is above `target`, of ascending values. */
function firstAbove(values: Float64Array, target: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! > target) high = middle
    else low = middle + 1
  }
  return low
}
