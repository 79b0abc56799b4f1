// Both forms of one server time are the same number of microseconds.

import { expect, it } from 'vitest'
import { microsecondsOf, parseServerTime } from './server-time.ts'

it('reads times of any precision and zone', () => {
  const second = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000
  expect(parseServerTime('2026-01-02T03:04:05Z')).toBe(second)
  expect(parseServerTime('2026-01-02T03:04:05.1Z')).toBe(second + 100_000)
  expect(parseServerTime('2026-01-02T03:04:05.000001Z')).toBe(second + 1)
  expect(parseServerTime('2026-01-02T03:04:05.123456789Z')).toBe(second + 123_456)
  expect(parseServerTime('2026-01-02T05:04:05.5+02:00')).toBe(second + 500_000)
})

it('reads a count of nanoseconds as the same time', () => {
  const second = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000
  expect(microsecondsOf(`${second}789`)).toBe(second)
  expect(microsecondsOf('999')).toBe(0)
  expect(microsecondsOf('1000')).toBe(1)
})

it('refuses what is no time', () => {
  for (const text of ['', 'yesterday', '2026-01-02', '2026-13-02T03:04:05Z'])
    expect(() => parseServerTime(text)).toThrow(expect.objectContaining({ code: 'INVARIANT_BROKEN' }))
})
