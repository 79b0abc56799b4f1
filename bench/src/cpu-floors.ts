// What a call costs before anything is durable: packing it with msgpackr in a group of a thousand, unpacking it again, and the bare
// method that it names. In processor time, which Streamy's own per call is held against.

import { Packr, unpack } from 'msgpackr'
import type { BareCall, CallPlan } from './call-plan.ts'

/** Microseconds of processor time for one call. */
export interface CpuFloors {
  readonly packUs: number
  readonly unpackUs: number
  readonly handlerUs: number
}

const GROUP = 1000
const WARM_UP_MS = 50
const MEASURED_MS = 150

/** The states that bare handlers work on, and nothing around them. */
const bareHandlers: Readonly<Record<string, (state: { value: number }, args: readonly unknown[]) => unknown>> = {
  getNextId: (state) => state.value++,
  transfer: (state, [, amount]) => (state.value += Number(amount)),
  transferToAll: (state, [to, amount]) => (state.value += (to as readonly string[]).length * Number(amount)),
  advanceAll: (state, [others]) => (state.value += (others as readonly string[]).length),
}

/** Measures them for the calls of a plan. */
export function measureCpuFloors(plan: CallPlan): CpuFloors {
  const calls = Array.from({ length: GROUP }, (): BareCall => plan.bareCall(plan.pick()))
  const packr = new Packr({ useRecords: false })
  const packed = packr.pack(calls)
  const states = new Map(calls.map(([, key]) => [key, { value: 0 }]))
  const handle = (): void => {
    for (const [, key, message, args] of calls) bareHandlers[message]!(states.get(key)!, args)
  }
  return {
    packUs: microsecondsOf(() => packr.pack(calls)) / GROUP,
    unpackUs: microsecondsOf(() => unpack(packed)) / GROUP,
    handlerUs: microsecondsOf(handle) / GROUP,
  }
}

// Processor time, because others may run meanwhile.
function microsecondsOf(work: () => unknown): number {
  repeat(work, WARM_UP_MS)
  const before = process.cpuUsage()
  const times = repeat(work, MEASURED_MS)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

function repeat(work: () => unknown, milliseconds: number): number {
  const until = performance.now() + milliseconds
  let times = 0
  for (; performance.now() < until; times++) work()
  return times
}
