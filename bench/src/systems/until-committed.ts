// Optimistic transactions as clients of stores without transactions of their own write them: read, compute, write if nothing
// has changed, and start over after a conflict, later each time and never two in step.

import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../seeded-random.ts'
import { GaveUp } from './system.ts'

const random = seededRandom(1)

/** How to go on after a conflict. */
export interface Persistence {
  /** Default 2000. */
  readonly patienceMs?: number
  /** The longest pause before the next attempt, in milliseconds; 0 for none at all. Default 64. */
  readonly backoffMsMax?: number
}

/** Repeats `attempt` until it answers anything but undefined, which is a conflict. Rejects with {@link GaveUp}. */
export async function untilCommitted<Answer>(
  attempt: () => Promise<Answer | undefined>,
  { patienceMs = 2000, backoffMsMax = 64 }: Persistence = {},
): Promise<Answer> {
  const started = performance.now()
  for (let backoffMs = 1; ; backoffMs *= 2) {
    const answer = await attempt()
    if (answer !== undefined) return answer
    if (performance.now() - started > patienceMs) throw new GaveUp(`conflicts for ${patienceMs} ms`)
    if (backoffMsMax > 0) await delay(random() * Math.min(backoffMs, backoffMsMax))
  }
}
