// How queries are answered together: which share an entering of the guard, and that none is lost for another.

import { expect, test } from 'vitest'
import { QueryDesk } from './query-desk.ts'

class CountingGuard {
  entered = 0

  isolate<Result>(body: () => Result): Result {
    this.entered += 1
    return body()
  }
}

test('queries of one turn are answered together, in their order, and later ones by themselves', async () => {
  const guard = new CountingGuard()
  const desk = new QueryDesk(guard)
  const order: number[] = []
  const answers = [1, 2, 3].map((number) => desk.ask(() => order.push(number)))
  expect([guard.entered, order]).toEqual([0, []])
  expect(await Promise.all(answers)).toEqual([1, 2, 3])
  expect([guard.entered, order]).toEqual([1, [1, 2, 3]])
  expect(await desk.ask(() => 'later')).toBe('later')
  expect(guard.entered).toBe(2)
})

test('one that throws rejects, and those beside it are answered', async () => {
  const desk = new QueryDesk(new CountingGuard())
  const answers = [
    desk.ask(() => 1),
    desk.ask(() => {
      throw new RangeError('no')
    }),
    desk.ask(() => 3),
  ]
  expect(await Promise.allSettled(answers)).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: new RangeError('no') },
    { status: 'fulfilled', value: 3 },
  ])
})

test('what is asked while others are answered is answered next', async () => {
  const desk = new QueryDesk(new CountingGuard())
  let second: Promise<number> | undefined
  await desk.ask(() => {
    second = desk.ask(() => 2)
  })
  expect(await second).toBe(2)
})

// Writes waited for a fifth of a second beside a thousand callers that read.
test('callers that ask on and on leave the event loop its turns', async () => {
  const desk = new QueryDesk(new CountingGuard())
  const turns: number[] = []
  let asked = 0
  const countTurns = (): unknown => setImmediate(() => turns.push(asked) < 3 && countTurns())
  countTurns()
  const askOn = async (): Promise<void> => {
    while (turns.length < 3 && asked < 100_000) {
      const number = (asked += 1)
      expect(await desk.ask(() => number)).toBe(number)
    }
  }
  await Promise.all(Array.from({ length: 10 }, askOn))
  expect(asked).toBeLessThan(5000)
})

// A build of an index over sixteen steps was over before anybody could ask how far it was.
test('nobody waits until what goes on by itself has come to rest', async () => {
  const desk = new QueryDesk(new CountingGuard())
  let steps = 0
  const goOn = (): void => {
    steps += 1
    if (steps < 1000) queueMicrotask(goOn)
  }
  goOn()
  expect(await desk.ask(() => steps)).toBeLessThan(1000)
})
