// Goal: the floor is honest. Nothing resolves before the log says that it is durable, and all that gathers meanwhile is one
// entry.
import { unpack } from 'msgpackr'
import { expect, test } from 'vitest'
import type { BareCall } from './call-plan.ts'
import { Floor, callsIn, type BareLog } from './floor.ts'

class HeldLog implements BareLog {
  readonly written: Uint8Array[] = []
  readonly #flushes: { resolve: () => void; reject: (error: Error) => void }[] = []

  append(entry: Uint8Array): Promise<void> {
    this.written.push(entry.slice())
    return new Promise((resolve, reject) => this.#flushes.push({ resolve, reject }))
  }

  flush(error?: Error): void {
    const flush = this.#flushes.shift()
    if (error === undefined) flush?.resolve()
    else flush?.reject(error)
  }

  async *entries(): AsyncIterable<Uint8Array> {
    yield* this.written
  }

  async close(): Promise<void> {}
}

const call = (id: number): BareCall => ['Sequence', `key ${id}`, 'getNextId', []]
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a call resolves after the flush that covers it, and what gathers meanwhile is one entry', async () => {
  const log = new HeldLog()
  const floor = new Floor(log)
  const done: number[] = []
  const make = (id: number): void => void floor.call(call(id)).then(() => done.push(id))
  make(1)
  make(2)
  await turn()
  make(3)
  make(4)
  make(5)
  await turn()
  expect([log.written.length, done]).toEqual([1, []])
  log.flush()
  await turn()
  expect([log.written.length, done]).toEqual([2, [1, 2]])
  log.flush()
  await turn()
  expect(done).toEqual([1, 2, 3, 4, 5])
  expect(log.written.map((entry) => unpack(entry) as unknown)).toEqual([
    [call(1), call(2)],
    [call(3), call(4), call(5)],
  ])
})

test.each([1, 15, 16, 65_535, 65_536])('%i calls in one entry are counted', async (count) => {
  const log = new HeldLog()
  const floor = new Floor(log)
  const calls = Array.from({ length: count }, (_, id) => floor.call(call(id)))
  await turn()
  log.flush()
  await Promise.all(calls)
  expect(await callsIn(log)).toBe(count)
})

test('a failed flush fails all who wait and all who come later', async () => {
  const log = new HeldLog()
  const floor = new Floor(log)
  const waiting = Promise.allSettled([floor.call(call(1))])
  await turn()
  const later = Promise.allSettled([floor.call(call(2))])
  log.flush(new Error('disk'))
  expect((await waiting)[0].status).toBe('rejected')
  expect((await later)[0].status).toBe('rejected')
  await expect(floor.call(call(3))).rejects.toThrow('disk')
})
