// Goal: records that are lost, mixed up or modified a wrong number of times are found. Method: records in memory that misbehave.
import { expect, test } from 'vitest'
import { timeCalls } from '../closed-loop.ts'
import { modified } from '../systems/record-value.ts'
import type { Records } from '../systems/system.ts'
import { RecordCalls, initialRecords } from './record-calls.ts'
import { CheckFailed } from './workload.ts'

const initial = initialRecords('record-', 20)
const keys = initial.map(([key]) => key)
const mix = { writes: 0, modifications: 0.5 }

function inMemory(): { readonly stored: Map<string, string>; readonly records: Records } {
  const stored = new Map(initial)
  const records: Records = {
    read: async (key) => stored.get(key),
    write: async (key, value) => void stored.set(key, value),
    modify: async (key) => void stored.set(key, modified(stored.get(key)!)),
  }
  return { stored, records }
}

test('what is right passes, and modifications are counted', async () => {
  const { records } = inMemory()
  const calls = new RecordCalls(records, 'records', keys, mix, 0.99)
  await timeCalls(calls, 4, 100)
  const { found, expected } = await calls.check()
  expect(found).toBe(expected)
  expect(found).toBeGreaterThan(20)
})

test('a modification that is lost is found at the end', async () => {
  const { stored, records } = inMemory()
  const calls = new RecordCalls(records, 'records', keys, mix, 0.99)
  await timeCalls(calls, 4, 100)
  stored.set(keys[0]!, initial[0]![1])
  await expect(calls.check()).rejects.toThrow(CheckFailed)
})

test.each([
  ['another record', initial[1]![1]],
  ['nothing', undefined],
])('reading %s is found at once', async (_, wrong) => {
  const { records } = inMemory()
  const calls = new RecordCalls({ ...records, read: async () => wrong }, 'records', [keys[0]!], mix, 0.99)
  await expect(timeCalls(calls, 1, 50)).rejects.toThrow(CheckFailed)
})
