// Seeded random numbers, so that two runs choose the same calls. Not for anything that must be unpredictable.

/** Answers a number in [0, 1) each time it is called. */
export type RandomSource = () => number

/** Mulberry32 (Tommy Ettinger, 2017): 32 bits of state, which is plenty for choosing keys. */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
