// The open loop: calls arrive at a rate, as a Poisson process, whether earlier ones were answered or not, and a call's latency
// counts from when it should have been made. So a stall is charged to everybody who would have come meanwhile, which a closed
// loop hides (Gil Tene's coordinated omission). Arrivals are looked for once in each turn of the event loop.

import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { answer, type Callable } from './closed-loop.ts'
import { Latencies } from './percentiles.ts'
import { seededRandom } from './seeded-random.ts'

/** How often calls arrive and how long. */
export interface Arrivals {
  readonly callsPerSecond: number
  readonly seconds: number
}

/** Latencies under a load that does not wait. */
export interface OpenMeasurement {
  readonly callsPerSecond: number
  readonly calls: number
  readonly gaveUp: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Calls that had no answer a while after the last arrival: the system did not keep up. */
  readonly unanswered: number
}

const DRAIN_SECONDS = 3

/** Resolves when all calls are answered, or after a while. What is unanswered then counts with the time it has waited. */
export async function measureOpen(callable: Callable, { callsPerSecond, seconds }: Arrivals): Promise<OpenMeasurement> {
  globalThis.gc?.()
  const random = seededRandom(Math.round(callsPerSecond))
  const started = performance.now()
  const until = started + seconds * 1000
  const waiting = new Set<{ readonly due: number }>()
  const latencies = new Latencies()
  const pending: Promise<void>[] = []
  let calls = 0
  let gaveUp = 0
  const arrive = async (due: number): Promise<void> => {
    const call = { due }
    waiting.add(call)
    if (!(await answer(callable, callable.pick()))) gaveUp += 1
    waiting.delete(call)
    latencies.record(performance.now() - due)
  }
  let failure: Error | undefined
  for (let due = started; due < until; await turn()) {
    if (failure !== undefined) throw failure
    for (
      const now = performance.now();
      due <= now && due < until;
      due += (-Math.log(1 - random()) * 1000) / callsPerSecond
    ) {
      calls += 1
      pending.push(
        arrive(due).catch(
          (error: unknown) => void (failure ??= error instanceof Error ? error : new Error(String(error))),
        ),
      )
    }
  }
  const drained = new AbortController()
  const patience = delay(DRAIN_SECONDS * 1000, undefined, { signal: drained.signal }).catch(() => {})
  await Promise.race([Promise.all(pending), patience])
  drained.abort()
  if (failure !== undefined) throw failure
  const unanswered = waiting.size
  for (const { due } of waiting) latencies.record(performance.now() - due)
  const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map((share) => latencies.percentile(share)) as [
    number,
    number,
    number,
  ]
  // The next measurement must not begin with this one's calls.
  await Promise.all(pending)
  return { callsPerSecond, calls, gaveUp, p50Ms, p99Ms, p999Ms, unanswered }
}
