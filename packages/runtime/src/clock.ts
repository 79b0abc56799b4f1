// The clock port of the runtime: time comes from here and from nowhere else, so that tests drive it.

/** Time, in integer microseconds since 1970, and one-shot alarms. */
export interface Clock {
  now(): number
  /** Calls `wake` once when `now` has reached `at`, never before and never within the call; the returned function takes it back. */
  alarm(at: number, wake: () => void): () => void
}

// Node fires longer ones at once.
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** The machine's clock. Its alarms do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now() * 1000,
  alarm: (at, wake) => {
    let timeout: NodeJS.Timeout
    const arm = (): void => {
      const ms = Math.ceil((at - systemClock.now()) / 1000)
      timeout = setTimeout(() => (systemClock.now() >= at ? wake() : arm()), Math.min(Math.max(ms, 0), TIMEOUT_MS_MAX))
      timeout.unref()
    }
    arm()
    return () => clearTimeout(timeout)
  },
}
