// Gaps: how long callers had no answers, computed from the histories that they recorded: when nobody had one, and which
// single call waited longest, in a stretch of time.

import type { History } from '../checkers/history-file.ts'
import type { WorkloadName } from './workloads.ts'

/** How callers fared between two moments of the histories' clock. */
export interface Stretch {
  /** The longest time in which no call at all was completed. */
  readonly gapUs: number
  /** The longest that one call took. It is a bound on how long a partition gave no answers. */
  readonly slowestUs: number
  readonly completed: number
}

/** Everything that was completed, in order, so that stretches can be looked at. */
export class Completions {
  readonly #calls: readonly { readonly invokedUs: number; readonly completedUs: number }[]

  constructor(histories: ReadonlyMap<WorkloadName, History>) {
    this.#calls = [...histories.values()]
      .flatMap(({ operations }) => operations)
      .filter(({ outcome }) => outcome !== 'unknown')
      .sort((a, b) => a.completedUs - b.completedUs)
  }

  /** How callers fared from one moment to another. */
  between(fromUs: number, toUs: number): Stretch {
    let last = fromUs
    let gapUs = 0
    let slowestUs = 0
    let completed = 0
    for (const { invokedUs, completedUs } of this.#calls) {
      if (completedUs < fromUs) continue
      // A call that was answered after the stretch may have waited through it; it counts as long as it waited in it.
      if (invokedUs < toUs) slowestUs = Math.max(slowestUs, Math.min(completedUs, toUs) - Math.max(invokedUs, fromUs))
      if (completedUs >= toUs) continue
      gapUs = Math.max(gapUs, completedUs - last)
      last = completedUs
      completed += 1
    }
    return { gapUs: Math.max(gapUs, toUs - last), slowestUs, completed }
  }
}

/** Now, by the clock of the histories. */
export function historyNowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
