// Turns of the event loop. Goal: whoever works for long lets others in, and whoever mostly waits is not made to wait more.
// Method: the clock stands still but for what a piece of work is said to take.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { eventLoopTurns, type Turn } from './turns.ts'

let turn: Turn

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  turn = eventLoopTurns.begin()
})

afterEach(() => {
  vi.useRealTimers()
})

async function work(pieces: number, milliseconds: number): Promise<void> {
  for (let piece = 0; piece < pieces; piece++) {
    await turn.enter()
    vi.advanceTimersByTime(milliseconds)
    turn.leave()
  }
}

test('a turn is over when it was worked in for long, and the next one begins anew', async () => {
  await work(6, 2)
  expect(turn.enter()).toBeInstanceOf(Promise)
  await work(5, 2)
  expect(turn.enter()).toBeUndefined()
})

test('waiting for work uses up no turn', async () => {
  for (let piece = 0; piece < 5; piece++) {
    await work(1, 1)
    vi.advanceTimersByTime(100)
  }
  expect(turn.enter()).toBeUndefined()
})
