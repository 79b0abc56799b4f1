// The audit at the end of a scenario: every call has come to its end, no error reached a caller unless the scenario says
// so, the total is exact, and the checkers find every history valid.

import { expect } from 'vitest'
import type { Fleet } from './fleet.ts'
import { judge, readHistories, totalOf, type Judgement } from './judgement.ts'
import { totalOfAll } from './workloads.ts'

/** Stops the load and holds the fleet to its promises. */
export async function expectIntact(fleet: Fleet): Promise<readonly Judgement[]> {
  await fleet.stopClients()
  expect(fleet.errors).toEqual([])
  await using db = await fleet.connect()
  expect(await totalOf(db)).toBe(totalOfAll)
  const judgements = judge(readHistories(fleet.histories))
  expect(judgements.map(({ workload }) => workload)).toEqual(['bank', 'ids', 'lists', 'registers', 'transactions'])
  const broken = judgements.filter(({ verdict }) => verdict.result !== 'valid').map(({ explained }) => explained)
  expect(broken).toEqual([])
  return judgements
}
