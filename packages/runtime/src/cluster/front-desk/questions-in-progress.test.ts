// What a front desk works on is bounded in number and in time: anybody may ask, also for what never comes.

import { expect, it } from 'vitest'
import { ManualClock } from '../../manual-clock.ts'
import { frontDeskLimits } from './front-desk-limits.ts'
import { QuestionsInProgress } from './questions-in-progress.ts'

const never = (): Promise<void> => new Promise(() => {})

it('gives up what has become old, and says so to whoever works on it', () => {
  const clock = new ManualClock(0)
  const questions = new QuestionsInProgress(clock)
  const signals: AbortSignal[] = []
  questions.start('a', (signal) => (signals.push(signal), never()))
  clock.advance(frontDeskLimits.questionAgeMaxUs / 1000 - 1)
  questions.start('a', never)
  expect(signals[0]!.aborted).toBe(false)
  clock.advance(1)
  expect(signals[0]!.aborted).toBe(true)
  let again = 0
  questions.start('a', async () => void (again += 1))
  expect(again).toBe(1)
})

it('drops what there is no room for, until there is again', () => {
  const clock = new ManualClock(0)
  const questions = new QuestionsInProgress(clock)
  for (let n = 0; n < frontDeskLimits.questionsInProgressMax; n++) questions.start(`${n}`, never)
  let done = 0
  questions.start('late', async () => void (done += 1))
  expect([done, questions.dropped]).toEqual([0, 1])
  clock.advance(frontDeskLimits.questionAgeMaxUs / 1000)
  questions.start('late', async () => void (done += 1))
  expect([done, questions.dropped]).toEqual([1, 1])
})

it('ends everything at once when it is cleared', () => {
  const questions = new QuestionsInProgress(new ManualClock(0))
  const signals: AbortSignal[] = []
  for (const key of ['a', 'b']) questions.start(key, (signal) => (signals.push(signal), never()))
  questions.clear()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
})
