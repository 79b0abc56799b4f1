// SimulatedClock: what a simulated machine tells of time. Its clock may be wrong and may jump; what the runtime makes of
// that is the runtime's own code.

import type { Clock } from '@streamy-db/runtime'
import { clockOf } from '@streamy-db/runtime/testing'
import type { SimulatedProcess } from './simulated-process.ts'

/** The clock of one process. */
export function simulatedClock(process: SimulatedProcess): Clock {
  const { schedule } = process.ground
  return clockOf({
    wall: () => schedule.now + process.machine.clockOffsetUs,
    steady: () => schedule.now,
    after: (delayUs, wake) => process.after(delayUs, wake),
  })
}
