// The clock port of the runtime: time comes from here and from nowhere else, so that tests drive it.

/** Time, in integer microseconds since 1970, and one-shot alarms. */
export interface Clock {
  now(): number
  /** Calls `wake` once when `now` has reached `at`, never before and never within the call; the returned function takes it back. */
  alarm(at: number, wake: () => void): () => void
}

/** What a machine tells of time, in microseconds. */
export interface TimeSource {
  /** Since 1970, as the machine is set: it may jump in either direction. */
  readonly wall: () => number
  /** Since some moment; it goes on at its rate whatever the machine is set to. */
  readonly steady: () => number
  /** Calls `wake` after a time by the steady clock; the returned function takes it back. */
  readonly after: (delayUs: number, wake: () => void) => () => void
}

/**
 * The clock of a machine. When the machine is set back, it goes on from where it was: else every alarm would sleep for as
 * long as the machine was set back, heartbeats and repeated questions among them.
 */
export function clockOf({ wall, steady, after }: TimeSource): Clock {
  let aheadUs = Number.NEGATIVE_INFINITY
  const now = (): number => {
    const passed = steady()
    aheadUs = Math.max(aheadUs, wall() - passed)
    return Math.round(passed + aheadUs)
  }
  return {
    now,
    alarm: (at, wake) => {
      let cancel: () => void
      const arm = (): void => {
        cancel = after(Math.max(0, Math.ceil(at - now())), () => (now() >= at ? wake() : arm()))
      }
      arm()
      return () => cancel()
    },
  }
}

// Node fires longer ones at once.
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** The machine's clock. Its alarms do not keep the process alive. */
export const systemClock: Clock = clockOf({
  wall: () => Date.now() * 1000,
  steady: () => performance.now() * 1000,
  after: (delayUs, wake) => {
    const timeout = setTimeout(wake, Math.min(Math.ceil(delayUs / 1000), TIMEOUT_MS_MAX)).unref()
    return () => clearTimeout(timeout)
  },
})
