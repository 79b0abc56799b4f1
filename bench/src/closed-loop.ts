// The closed loop: so many callers, each of which makes its next call when it has the answer to its last. All that is
// measured goes through this loop, the floor as well, so that its own cost is the same on both sides: one reading of the
// clock and one sample per call.

import { Latencies } from './percentiles.ts'
import { GaveUp } from './systems/system.ts'

/** What callers of a loop do; see `workloads/`. */
export interface Callable {
  /** Chooses the next call. */
  pick(): number
  /** Makes it; resolves with its reply. */
  call(pick: number): Promise<unknown>
  /** Looks at the reply; throws when it is wrong. */
  accept(pick: number, reply: unknown): void
}

/** How hard and how long. */
export interface Load {
  readonly callers: number
  /** Measured time, after a quarter of it that is not measured. It grows while hardly any call is answered. */
  readonly seconds: number
}

/** What came of it. */
export interface Measurement {
  /** Calls answered in the measured time. */
  readonly calls: number
  /** Those before and after it as well. */
  readonly callsInAll: number
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Calls that met conflicts until their patience ended; nobody counts them as answered. */
  readonly gaveUp: number
  /** Processor time of the whole process per call, flushing threads included: what a busy machine changes least. */
  readonly cpuUsPerCall: number
}

interface Window {
  readonly from: number
  /** Moves on, up to a limit, while too few calls are answered. */
  until: number
  readonly untilMax: number
  readonly growthMs: number
  readonly callsMin: number
  readonly latencies: Latencies
  calls: number
  callsUnmeasured: number
  gaveUp: number
}

const WARM_UP_SHARE = 0.25
const CALLS_MIN = 128
const GROWTH_STEP = 0.25
const GROWTH_MAX = 4

/** Runs `callable` under `load`; resolves when every caller has its last answer. Rejects with what a call threw. */
export async function measure(callable: Callable, { callers, seconds }: Load): Promise<Measurement> {
  globalThis.gc?.()
  const from = performance.now() + seconds * 1000 * WARM_UP_SHARE
  const window: Window = {
    from,
    until: from + seconds * 1000,
    untilMax: from + GROWTH_MAX * seconds * 1000,
    growthMs: seconds * 1000 * GROWTH_STEP,
    callsMin: Math.min(callers, CALLS_MIN),
    latencies: new Latencies(),
    calls: 0,
    callsUnmeasured: 0,
    gaveUp: 0,
  }
  const cpuBefore = process.cpuUsage()
  await Promise.all(Array.from({ length: callers }, () => callInTurn(callable, window)))
  const { user, system } = process.cpuUsage(cpuBefore)
  const callsInAll = window.calls + window.callsUnmeasured
  return {
    calls: window.calls,
    callsInAll,
    callsPerSecond: (window.calls * 1000) / (window.until - window.from),
    p50Ms: window.latencies.percentile(0.5),
    p99Ms: window.latencies.percentile(0.99),
    p999Ms: window.latencies.percentile(0.999),
    gaveUp: window.gaveUp,
    cpuUsPerCall: (user + system) / callsInAll,
  }
}

/** `measure`, behind so many calls that are not measured: what a database takes more after it was opened is no part of it. */
export async function measureWarm(callable: Callable, load: Load, warmUpCalls: number): Promise<Measurement> {
  await timeCalls(callable, load.callers, warmUpCalls)
  return await measure(callable, load)
}

/** Makes `calls` calls with `callers` callers; resolves with the seconds it took. */
export async function timeCalls(callable: Callable, callers: number, calls: number): Promise<number> {
  let left = calls
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const pick = callable.pick()
      callable.accept(pick, await callable.call(pick))
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: callers }, caller))
  return (performance.now() - started) / 1000
}

async function callInTurn(callable: Callable, window: Window): Promise<void> {
  const { from, latencies } = window
  let started = performance.now()
  while (started < window.until) {
    const pick = callable.pick()
    const answered = await answer(callable, pick)
    const ended = performance.now()
    if (ended >= window.until && window.calls < window.callsMin)
      window.until = Math.max(window.until, Math.min(ended + window.growthMs, window.untilMax))
    if (!answered) window.gaveUp += 1
    else if (ended >= from && ended < window.until) {
      window.calls += 1
      latencies.record(ended - started)
    } else window.callsUnmeasured += 1
    started = ended
  }
}

/** Makes a call; resolves with whether it was answered. */
export async function answer(callable: Callable, pick: number): Promise<boolean> {
  let reply: unknown
  try {
    reply = await callable.call(pick)
  } catch (error) {
    if (error instanceof GaveUp) return false
    throw error
  }
  callable.accept(pick, reply)
  return true
}
