// Latencies of one measurement and their percentiles: samples, sorted when asked. What does not fit is thinned evenly,
// so that memory is bounded and recording one sample costs the same however many there are.

const SAMPLES_MAX = 2 ** 19

/** Samples of a duration. */
export class Latencies {
  readonly #samples: Float64Array
  #count = 0
  /** One of this many recorded samples is kept. */
  #stride = 1
  #skipped = 0
  #sorted = false

  constructor(samplesMax: number = SAMPLES_MAX) {
    this.#samples = new Float64Array(samplesMax)
  }

  record(milliseconds: number): void {
    this.#skipped += 1
    if (this.#skipped < this.#stride) return
    this.#skipped = 0
    if (this.#count === this.#samples.length) this.#thin()
    this.#samples[this.#count++] = milliseconds
    this.#sorted = false
  }

  /** The smallest sample that at least `share` of all samples do not exceed (nearest rank); NaN without samples. */
  percentile(share: number): number {
    const kept = this.#samples.subarray(0, this.#count)
    if (!this.#sorted) kept.sort()
    this.#sorted = true
    return kept[Math.max(0, Math.ceil(share * kept.length) - 1)] ?? Number.NaN
  }

  // Every second one, because the first half alone would be the oldest, or the smallest.
  #thin(): void {
    const half = this.#samples.length >>> 1
    for (let index = 0; index < half; index++) this.#samples[index] = this.#samples[2 * index]!
    this.#count = half
    this.#stride *= 2
  }
}
