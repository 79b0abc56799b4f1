// Patience: how long to wait before asking again. Each wait is twice the one before, up to a most: what is lost now and
// then is asked for soon, and what is gone for long is not asked for all the time.

/** First and longest wait, in microseconds. */
export interface Patience {
  readonly firstUs: number
  readonly mostUs: number
}

/** A patience whose waits grow from `firstMs` milliseconds to two seconds. */
export function patienceFrom(firstMs: number): Patience {
  return { firstUs: firstMs * 1000, mostUs: Math.max(firstMs * 1000, 2_000_000) }
}

/** The wait after `waitedUs`; the first one after none. */
export function nextWait({ firstUs, mostUs }: Patience, waitedUs: number | undefined): number {
  return waitedUs === undefined ? firstUs : Math.min(waitedUs * 2, mostUs)
}
