// Goal: calls arrive whether others were answered or not, and wrong answers and refusals are not lost. Method: callables that are
// answered in one go, or never in time. Nothing is timed but order and numbers.
import { expect, test } from 'vitest'
import { measureOpen } from './open-loop.ts'
import { GaveUp } from './systems/system.ts'

const arrivals = { callsPerSecond: 2000, seconds: 0.05 }

test('calls do not wait for each other', async () => {
  let most = 0
  const open: (() => void)[] = []
  const call = (): Promise<void> =>
    new Promise((resolve) => {
      open.push(resolve)
      most = Math.max(most, open.length)
      if (open.length === 10) for (const answer of open.splice(0)) answer()
    })
  const flush = setInterval(() => open.splice(0).forEach((answer) => answer()), 1)
  const measurement = await measureOpen({ pick: () => 0, call, accept: () => {} }, arrivals)
  clearInterval(flush)
  expect(most).toBeGreaterThan(1)
  expect(measurement.calls).toBeGreaterThan(0)
  expect(measurement.unanswered).toBe(0)
})

test('a reply that is not accepted ends the measurement', async () => {
  const accept = (): never => {
    throw new Error('wrong')
  }
  await expect(measureOpen({ pick: () => 0, call: async () => {}, accept }, arrivals)).rejects.toThrow('wrong')
})

test('calls that give up are counted', async () => {
  const call = (): Promise<never> => Promise.reject(new GaveUp('conflicts'))
  const { calls, gaveUp } = await measureOpen({ pick: () => 0, call, accept: () => {} }, arrivals)
  expect(gaveUp).toBe(calls)
})
