// The spread of a figure over the rounds: a median says what to expect, the extremes say how far to trust it.

/** A figure over several rounds. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Median and extremes of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >>> 1] ?? Number.NaN
  return { median: (lower + upper) / 2, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN }
}
