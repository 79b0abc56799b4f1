// Incidents are written down only as far as somebody reads.

import type { Incident } from '@streamy-db/core'
import { expect, it } from 'vitest'
import { ManualClock } from '../../manual-clock.ts'
import { incidentWriter } from './incident-writer.ts'

const incident = (kind: Incident['kind'], position = 1): Incident => ({
  kind,
  position,
  reason: 'because',
})

it('writes ten of a kind a minute, and then how many it did not write', () => {
  const clock = new ManualClock(0)
  const lines: string[] = []
  const write = incidentWriter(clock, (line) => lines.push(line))
  for (let n = 1; n <= 25; n++) write(incident('void-batch', n))
  write(incident('tell-failed'))
  expect(lines).toHaveLength(11)
  expect(lines[9]).toBe('void-batch at position 10: because')
  expect(lines[10]).toBe('tell-failed at position 1: because')
  clock.advance(59_999)
  write(incident('void-batch', 26))
  expect(lines).toHaveLength(11)
  clock.advance(1)
  write(incident('void-batch', 27))
  expect(lines.slice(11)).toEqual(['16 more of void-batch', 'void-batch at position 27: because'])
})
