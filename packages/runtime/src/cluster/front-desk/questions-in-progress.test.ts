// What a front desk works on is bounded in number and in time: anybody may ask, also for what never comes.

import { expect, it } from 'vitest'
import { ManualClock } from '../../manual-clock.ts'
import type { Ending } from '../ending.ts'
import { frontDeskLimits } from './front-desk-limits.ts'
import { QuestionsInProgress } from './questions-in-progress.ts'

const never = (): Promise<void> => new Promise(() => {})

it('gives up what has become old, and says so to whoever works on it', () => {
  const clock = new ManualClock(0)
  const questions = new QuestionsInProgress(clock)
  const endings: Ending[] = []
  questions.start('a', (ending) => (endings.push(ending), never()))
  clock.advance(frontDeskLimits.questionAgeMaxUs / 1000 - 1)
  questions.start('a', never)
  expect(endings[0]!.aborted).toBe(false)
  clock.advance(1)
  expect(endings[0]!.aborted).toBe(true)
  let again = 0
  questions.start('a', async () => void (again += 1))
  expect(again).toBe(1)
})

it('gives up each at its own time, however many were answered before', async () => {
  const clock = new ManualClock(0)
  const ageMs = frontDeskLimits.questionAgeMaxUs / 1000
  const questions = new QuestionsInProgress(clock)
  const endings: Ending[] = []
  const work = (answered: Promise<void>) => (ending: Ending) => (endings.push(ending), answered)
  questions.start('answered', work(Promise.resolve()))
  clock.advance(1)
  questions.start('a', work(never()))
  clock.advance(ageMs / 2)
  questions.start('b', work(never()))
  await Promise.resolve()
  const aborted = (): boolean[] => endings.map((ending) => ending.aborted)
  clock.advance(ageMs / 2)
  expect(aborted()).toEqual([false, true, false])
  clock.advance(ageMs / 2)
  expect(aborted()).toEqual([false, true, true])
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
  const endings: Ending[] = []
  for (const key of ['a', 'b']) questions.start(key, (ending) => (endings.push(ending), never()))
  questions.clear()
  expect(endings.map(({ aborted }) => aborted)).toEqual([true, true])
})
