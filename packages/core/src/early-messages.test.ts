// Messages that come early (K6): kept until their position is scanned, and bounded by dropping the highest positions.

import { expect, it } from 'vitest'
import { EarlyMessages } from './early-messages.ts'
import { limits } from './limits.ts'
import type { PeerMessage } from './peer-message.ts'

const vote = (position: number, from = 1): PeerMessage => ({
  position,
  from,
  to: 2,
  kind: 'vote',
  vote: { kind: 'void' },
})

it('gives out what came for a position, in the order in which it came, once', () => {
  const early = new EarlyMessages()
  for (const message of [vote(5, 1), vote(6, 1), vote(5, 3)]) early.keep(message, 0)
  expect(early.take(5)).toEqual([vote(5, 1), vote(5, 3)])
  expect(early.take(5)).toEqual([])
  expect(early.take(6)).toEqual([vote(6, 1)])
})

it('drops the highest positions when it is full, whatever came last, and then takes more', () => {
  const early = new EarlyMessages()
  const count = limits.earlyMessagesMax
  for (let position = count; position > 0; position--) early.keep(vote(position), 0)
  expect(early.take(count)).toHaveLength(1)
  early.keep(vote(count), 0)
  early.keep(vote(count + 1), 0)
  expect([1, 2, 1000].map((position) => early.take(position).length)).toEqual([1, 1, 1])
  expect([count - 1, count, count + 1].map((position) => early.take(position).length)).toEqual([0, 0, 0])
  early.keep(vote(count), 0)
  expect(early.take(count)).toHaveLength(1)
})

it('drops what will never be asked for before anything else: what came for positions that were scanned without it', () => {
  const early = new EarlyMessages()
  const half = limits.earlyMessagesMax / 2
  for (let position = 1; position <= half; position++) early.keep(vote(position), 0)
  for (let position = half + 1; position <= limits.earlyMessagesMax + 1; position++) early.keep(vote(position), half)
  expect([1, half, half + 1, limits.earlyMessagesMax].map((position) => early.take(position).length)).toEqual([
    0, 0, 1, 1,
  ])
})
