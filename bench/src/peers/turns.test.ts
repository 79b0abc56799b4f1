// Goal: never more at a time than may be, and nobody is forgotten. Method: work that ends when the test says so.
import { expect, test, vi } from 'vitest'
import { GaveUp } from '../systems/system.ts'
import { Turns } from './turns.ts'

test('so many work at a time, in the order in which they came, also after failures', async () => {
  const turns = new Turns(2)
  const started: number[] = []
  const endings: ((failed: boolean) => void)[] = []
  const all = Array.from({ length: 5 }, (_, index) =>
    turns.take(
      () =>
        new Promise<number>((resolve, reject) => {
          started.push(index)
          endings.push((failed) => (failed ? reject(new Error('failed')) : resolve(index)))
        }),
    ),
  )
  const outcomes = Promise.allSettled(all)
  for (let index = 0; index < 5; index++) {
    await vi.waitFor(() => expect(endings.length).toBe(Math.min(index + 2, 5)))
    endings[index]!(index === 1)
  }
  expect((await outcomes).map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true])
  expect(started).toEqual([0, 1, 2, 3, 4])
})

test('who has waited too long gives up without working, and the next one works', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(0)
  try {
    const turns = new Turns(1)
    let end = (): void => {}
    const first = turns.take(() => new Promise<void>((resolve) => (end = resolve)))
    const late = turns.take(async () => 'late')
    const outcome = late.catch((error: unknown) => error)
    now.mockReturnValue(3000)
    end()
    await first
    expect(await outcome).toBeInstanceOf(GaveUp)
    expect(await turns.take(async () => 'again')).toBe('again')
  } finally {
    now.mockRestore()
  }
})
