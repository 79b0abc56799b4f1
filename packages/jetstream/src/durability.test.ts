// What a write survives is said as it is: never more than is known.

import { describe, expect, it } from 'vitest'
import { assertDurable, durabilityOf, type LogCopy, type SyncInterval } from './durability.ts'

describe('an acknowledged write', () => {
  it('survives the loss of a minority of the servers', () => {
    expect([1, 2, 3, 4, 5].map((count) => durabilityOf(copies(count, 'always')).serverLossesMax)).toEqual([
      0, 0, 1, 1, 2,
    ])
  })

  it('survives one loss less for each server that is offline already, and never less than none', () => {
    const [first, ...others] = copies(5, 'always')
    expect(durabilityOf([{ ...first!, online: false }, ...others]).serverLossesMax).toBe(1)
    const [last] = copies(1, 'always')
    expect(durabilityOf([{ ...last!, online: false }]).serverLossesMax).toBe(0)
  })

  it('is not safer for being copied twice to one server', () => {
    expect(durabilityOf(Array.from({ length: 3 }, () => copies(1, 'always')[0]!)).serverLossesMax).toBe(0)
  })

  it('is lost in a power failure by the slowest to flush', () => {
    const [first, ...others] = copies(3, 'always')
    expect(durabilityOf([first!, ...others]).powerLossMs).toBe(0)
    expect(durabilityOf([{ ...first!, syncInterval: 120_000 }, ...others]).powerLossMs).toBe(120_000)
    expect(durabilityOf([{ ...first!, syncInterval: undefined }, ...others]).powerLossMs).toBeUndefined()
    expect(durabilityOf([]).powerLossMs).toBeUndefined()
  })
})

it('says it in one line', () => {
  expect(durabilityOf(copies(3, 'always')).line).toBe(
    'An acknowledged write survives a killed process; the loss of 1 of 3 servers; a power failure of all servers (sync_interval: always).',
  )
  expect(durabilityOf(copies(1, 120_000)).line).toBe(
    'An acknowledged write survives a killed process; no loss of a server; a power failure of all servers but for the last 120 s (sync_interval).',
  )
  expect(durabilityOf(copies(1, undefined)).line).toContain(
    'unknown: up to two minutes of writes, unless sync_interval of server-1 is always',
  )
  const [first, ...others] = copies(3, 'always')
  expect(durabilityOf([{ ...first!, online: false }, ...others]).line).toContain('Offline now: server-1.')
})

it('refuses where it is asked to be durable and that cannot hold, or is not known', () => {
  expect(() => assertDurable(durabilityOf(copies(1, 'always')))).not.toThrow()
  for (const interval of [undefined, 1, 120_000])
    expect(() => assertDurable(durabilityOf(copies(3, interval)))).toThrow(
      expect.objectContaining({ code: 'DURABILITY_UNMET', message: expect.stringContaining('sync_interval: always') }),
    )
})

function copies(count: number, syncInterval: SyncInterval | undefined): readonly LogCopy[] {
  return Array.from({ length: count }, (_, index) => ({ server: `server-${index + 1}`, online: true, syncInterval }))
}
