// Optimistic transactions as clients of stores without transactions of their own write them: read, compute, write if nothing
// has changed, and start over after a conflict, later each time and never two in step.

import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../seeded-random.ts'
import { GaveUp } from './system.ts'

const PATIENCE_MS = 2000
const BACKOFF_MS_MAX = 64
const random = seededRandom(1)

/** Repeats `attempt` until it answers anything but undefined, which is a conflict. Rejects with {@link GaveUp}. */
export async function untilCommitted<Answer>(
  attempt: () => Promise<Answer | undefined>,
  patienceMs: number = PATIENCE_MS,
): Promise<Answer> {
  const started = performance.now()
  for (let backoffMs = 1; ; backoffMs = Math.min(2 * backoffMs, BACKOFF_MS_MAX)) {
    const answer = await attempt()
    if (answer !== undefined) return answer
    if (performance.now() - started > patienceMs) throw new GaveUp(`conflicts for ${patienceMs} ms`)
    await delay(random() * backoffMs)
  }
}
