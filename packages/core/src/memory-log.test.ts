// The memory log passes the conformance suite; its clock is a counter, so that append times can be foretold.

import { expect, it } from 'vitest'
import { MemoryLog } from './memory-log.ts'
import { testLogConformance } from './testing/log-conformance.ts'

testLogConformance('MemoryLog', async () => ({
  open: async () => new MemoryLog(counter()),
  discard: async () => {},
  durable: false,
}))

it('takes append times from its clock', async () => {
  const log = new MemoryLog(counter())
  await log.append(new Uint8Array(1))
  await log.append(new Uint8Array(1))
  for await (const chunk of log.read(1)) {
    expect(chunk.map((entry) => entry.appendTime)).toEqual([1, 2])
    break
  }
})

it('fails a reader whose next entry is trimmed away before it asks', async () => {
  const log = new MemoryLog(counter())
  for (let index = 0; index < 5; index++) await log.append(new Uint8Array(1))
  const reader = log.read(1)[Symbol.asyncIterator]()
  await log.trim(4)
  await expect(reader.next()).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
  expect(await reader.next()).toEqual({ done: true, value: undefined })
})

function counter(): () => number {
  let now = 0
  return () => ++now
}
