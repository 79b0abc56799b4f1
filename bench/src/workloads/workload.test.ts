// Goal: wrong answers do not pass. Method: a database that gives ids as it is told to.
import { open } from 'streamy-db'
import { expect, test } from 'vitest'
import { Account, Sequence } from '../actors.ts'
import { idPlan, transferPlan } from '../call-plan.ts'
import { timeCalls } from '../closed-loop.ts'
import { StreamyCounters } from '../systems/streamy-ports.ts'
import type { Counters } from '../systems/system.ts'
import { GetNextId } from './get-next-id.ts'
import { openTransfers } from './open-transfers.ts'
import { CheckFailed } from './workload.ts'

const options = { actors: [Sequence, Account] }

test('right answers pass, and all calls are counted', async () => {
  await using database = await open(':memory:', options)
  const ids = new GetNextId(new StreamyCounters(database), 'ids', idPlan('key-', 5))
  await timeCalls(ids, 8, 100)
  expect(await ids.check()).toMatchObject({ calls: 100, found: 100, expected: 100 })
  const transfers = await openTransfers(database, 'transfers', transferPlan('account-', 20, 1.5))
  await timeCalls(transfers, 8, 100)
  const { calls, found, expected } = await transfers.check()
  expect([calls, found]).toEqual([100, expected])
})

test.each([
  ['twice', [1, 2, 2]],
  ['left out', [1, 2, 4]],
])('an id that was given %s is found at once', async (_, ids) => {
  const workload = new GetNextId(scripted(ids), 'ids', idPlan('key-', 1))
  await expect(timeCalls(workload, 1, ids.length)).rejects.toThrow(CheckFailed)
})

test('an id that was given and never arrived is found at the end', async () => {
  await using database = await open(':memory:', options)
  const plan = idPlan('key-', 1)
  const ids = new GetNextId(new StreamyCounters(database), 'ids', plan)
  await timeCalls(ids, 1, 3)
  await database.actor(Sequence, 'key-0').getNextId()
  await expect(ids.check()).rejects.toThrow(CheckFailed)
})

test('money from nowhere is found', async () => {
  await using database = await open(':memory:', options)
  const transfers = await openTransfers(database, 'transfers', transferPlan('account-', 3, 0))
  await database.actor(Account, 'account-1').deposit(1)
  await expect(transfers.check()).rejects.toThrow(CheckFailed)
})

test.each([
  ['twice, the second time early', [3, 3]],
  ['twice, the second time late', [1, 2, 1]],
])('an id that was given %s is found where replies come in any order', async (_, ids) => {
  const workload = new GetNextId(scripted(ids), 'ids', idPlan('key-', 1), 'any')
  await expect(timeCalls(workload, 1, ids.length)).rejects.toThrow(CheckFailed)
})

test('ids that arrive in any order pass when all have arrived, and not before', async () => {
  const workload = new GetNextId(scripted([2, 4, 1, 3]), 'ids', idPlan('key-', 1), 'any')
  await timeCalls(workload, 1, 3)
  await expect(workload.check()).rejects.toThrow(CheckFailed)
  await timeCalls(workload, 1, 1)
  expect(await workload.check()).toMatchObject({ found: 4, expected: 4 })
})

function scripted(ids: readonly number[]): Counters {
  let next = 0
  return {
    next: async () => ids[next++]!,
    nextOfAll: async () => {},
    values: async () => [ids.length],
  }
}
