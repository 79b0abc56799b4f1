// Catching up: when a replica that began behind the end of the log is as good as up to date, so that it may take partitions
// over from another. It is when what it lacks is no more than what is under way with whoever is up to date as well.

import type { Engine, Log } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { Replica } from './replica.ts'

/** What catches up. */
export interface CatchingUp extends Pick<Replica, 'stopped' | 'whenResolved'> {
  readonly engine: Pick<Engine, 'resolvedBatch'>
}

// In batches, and in time: of a log that gets hundreds of small batches a second, more than a few are under way all the time.
const LAG_BATCHES = 16
const LAG_US = 200_000

/**
 * Resolves with true when a replica stands at most 16 batches behind the end of the log, or has taken at most 200 ms to
 * resolve what was its end; with false when it has stopped before.
 */
export async function untilCaughtUp(replica: CatchingUp, log: Pick<Log, 'tail'>, clock: Clock): Promise<boolean> {
  let lagUs = Infinity
  while (lagUs > LAG_US && !replica.stopped) {
    const asked = clock.now()
    const tail = await log.tail()
    if (tail - replica.engine.resolvedBatch <= LAG_BATCHES) break
    await replica.whenResolved(tail)
    lagUs = clock.now() - asked
  }
  return !replica.stopped
}
