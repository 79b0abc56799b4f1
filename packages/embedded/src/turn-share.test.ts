// How long slices are, by a clock that the test sets.

import { expect, test } from 'vitest'
import { TurnShare } from './turn-share.ts'

let now = 0

test('a slice lasts as long as a quarter of what the others took, and eight milliseconds at least', async () => {
  const share = new TurnShare(() => now)
  expect(sliceMs(share)).toBe(8)
  await giveWay(share, 400)
  expect(sliceMs(share)).toBe(100)
  await giveWay(share, 1)
  expect(sliceMs(share)).toBe(8)
})

async function giveWay(share: TurnShare, othersMs: number): Promise<void> {
  const resumed = share.giveWay()
  now += othersMs
  await resumed
}

function sliceMs(share: TurnShare): number {
  const from = now
  while (!share.isOver) now += 1
  return now - from
}
