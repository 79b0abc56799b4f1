// Catching up with a log that grows while it is read.

import { expect, test } from 'vitest'
import { ManualClock } from '../../manual-clock.ts'
import { type CatchingUp, untilCaughtUp } from './catch-up.ts'

// A log that gets `batchesPerMs`, and a replica that resolves what it waits for after what `delaysMs` say, one look after the other.
function following({
  batchesPerMs,
  delaysMs,
}: {
  readonly batchesPerMs: number
  readonly delaysMs: readonly number[]
}) {
  const clock = new ManualClock()
  const looks: number[] = []
  const tail = async (): Promise<number> => Math.floor(1000 + (clock.now() / 1000) * batchesPerMs)
  const engine = { resolvedBatch: 0 }
  const replica: CatchingUp & { stopped: boolean } = {
    engine,
    stopped: false,
    async whenResolved(sequence) {
      looks.push(sequence)
      const delayMs = delaysMs[looks.length - 1]
      if (delayMs === undefined) replica.stopped = true
      else clock.advance(delayMs)
      engine.resolvedBatch = sequence
    },
  }
  return { replica, looks, caughtUp: untilCaughtUp(replica, { tail }, clock) }
}

test('what stands a few batches behind is up to date', async () => {
  const { caughtUp, looks } = following({ batchesPerMs: 0.01, delaysMs: [1000] })
  expect(await caughtUp).toBe(true)
  expect(looks).toHaveLength(1)
})

test('of a log with many batches a second, what was under way a moment ago is enough', async () => {
  const { caughtUp, looks } = following({ batchesPerMs: 1, delaysMs: [5000, 2000, 800, 150] })
  expect(await caughtUp).toBe(true)
  expect(looks).toHaveLength(4)
})

test('one that stops has not caught up', async () => {
  const { caughtUp, looks } = following({ batchesPerMs: 1, delaysMs: [5000, 4000] })
  expect(await caughtUp).toBe(false)
  expect(looks).toHaveLength(3)
})
