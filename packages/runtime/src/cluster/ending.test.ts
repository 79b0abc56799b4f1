// An ending does what an AbortSignal does, for those who listen to it and for those who need a signal.

import { expect, it, vi } from 'vitest'
import { Ending } from './ending.ts'

it('tells those who still listen, once', () => {
  const ending = new Ending()
  const [stays, leaves] = [vi.fn<() => void>(), vi.fn<() => void>()]
  ending.addEventListener('abort', stays)
  ending.addEventListener('abort', leaves)
  ending.removeEventListener('abort', leaves)
  expect(ending.aborted).toBe(false)
  ending.abort()
  ending.abort()
  expect(ending.aborted).toBe(true)
  expect([stays.mock.calls.length, leaves.mock.calls.length]).toEqual([1, 0])
})

it('is the same signal each time, whether it was asked for before its end or behind it', () => {
  const [before, behind] = [new Ending(), new Ending()]
  const { signal } = before
  before.abort()
  behind.abort()
  expect(before.signal).toBe(signal)
  expect([signal.aborted, behind.signal.aborted]).toEqual([true, true])
})
