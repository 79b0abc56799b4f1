// SimulatedClock: the clock port on a machine whose clock may be wrong and may jump. As with a machine's timers, how long
// an alarm takes is fixed when it is set; one that finds the clock set back meanwhile waits again.

import type { Clock } from '@streamy-db/runtime'
import type { SimulatedProcess } from './simulated-process.ts'

/** The clock of one process. */
export class SimulatedClock implements Clock {
  readonly #process: SimulatedProcess

  constructor(process: SimulatedProcess) {
    this.#process = process
  }

  now(): number {
    return this.#process.ground.schedule.now + this.#process.machine.clockOffsetUs
  }

  alarm(at: number, wake: () => void): () => void {
    let cancel: () => void
    const arm = (): void => {
      cancel = this.#process.after(Math.max(Math.ceil(at - this.now()), 0), () => (this.now() >= at ? wake() : arm()))
    }
    arm()
    return () => cancel()
  }
}
