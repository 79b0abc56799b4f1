// The incident writer: writes down what went wrong where nobody waits, and no more of a kind than somebody reads: whoever may
// write into the log may fill it with entries that are void. Counting them is the status desk's.

import type { Incident } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'

const LINES_MAX = 10
const PERIOD_US = 60_000_000

/**
 * Writes incidents in one line each: ten of a kind a minute. Of the others the next line says how many there were.
 */
export function incidentWriter(clock: Clock, write: (line: string) => void): (incident: Incident) => void {
  const periods = new Map<Incident['kind'], { since: number; seen: number }>()
  return ({ kind, position, reason }) => {
    const now = clock.now()
    const period = periods.get(kind) ?? { since: now, seen: 0 }
    periods.set(kind, period)
    if (now - period.since >= PERIOD_US) {
      const untold = period.seen - LINES_MAX
      if (untold > 0) write(`${untold} more of ${kind}`)
      period.since = now
      period.seen = 0
    }
    period.seen += 1
    if (period.seen <= LINES_MAX) write(`${kind} at position ${position}: ${reason}`)
  }
}
