// Judges what is in the database when everything is at rest: no money has come or gone, and everything that was sent by
// tells and timers has arrived, once, and not before its time.

import type { Database } from '@streamy-db/runtime'
import { Account } from '../../cluster/actors.ts'
import type { Operation } from '../../checkers/history.ts'
import { Courier, Mailbox } from '../actors.ts'
import { accountsOf, couriers, mailboxes, openingBalance, type BankName } from '../load/workloads.ts'
import type { Violation } from '../simulated-cluster.ts'

/** What is read at the end. */
export interface End {
  readonly totals: Readonly<Record<BankName, number>>
  readonly arrived: ReadonlyMap<string, readonly string[]>
  readonly early: readonly string[]
}

const banks: readonly BankName[] = ['bank', 'transactions']

/** Reads the end, strongly. */
export async function readEnd(db: Database): Promise<End> {
  const totals = await Promise.all(
    banks.map(async (bank) => {
      const balances = await db.transaction((tx) =>
        Promise.all(accountsOf(bank).map((name) => tx.actor(Account, name).getBalance())),
      )
      return [bank, balances.reduce((sum, { reply }) => sum + reply, 0)] as const
    }),
  )
  const arrived = await Promise.all(mailboxes.map(async (key) => [key, await db.actor(Mailbox, key).read()] as const))
  const early = await Promise.all(couriers.map((key) => db.actor(Courier, key).readEarly()))
  return {
    totals: Object.fromEntries(totals) as Record<BankName, number>,
    arrived: new Map(arrived),
    early: early.flat(),
  }
}

/** No money has come or gone. */
export function judgeTotals({ totals }: End): readonly Violation[] {
  return banks.flatMap((bank) => {
    const expected = accountsOf(bank).length * openingBalance
    if (totals[bank] === expected) return []
    return [{ kind: 'wrong total', explanation: `the accounts of ${bank} hold ${totals[bank]} and should ${expected}` }]
  })
}

/** What was acknowledged has arrived once, what may have happened at most once, and nothing else. */
export function judgeDeliveries(dispatched: readonly Operation[], { arrived, early }: End): readonly Violation[] {
  const times = new Map<string, number>()
  for (const [mailbox, ids] of arrived)
    for (const id of ids) times.set(`${id} to ${mailbox}`, (times.get(`${id} to ${mailbox}`) ?? 0) + 1)
  const violations: Violation[] = early.map((id) => ({
    kind: 'early timer',
    explanation: `${id} ran before it was due`,
  }))
  for (const { call, outcome, index } of dispatched) {
    // The calls of this workload, as its operations make them.
    const [, id, to] = call as readonly [string, string, string, number]
    const count = times.get(`${id} to ${to}`) ?? 0
    times.delete(`${id} to ${to}`)
    if (count <= 1 && (outcome === 'unknown' || count === (outcome === 'ok' ? 1 : 0))) continue
    const explanation = `${id} of operation ${index}, which was ${outcome}, has arrived ${count} times at ${to}`
    violations.push({ kind: 'wrong delivery', explanation })
  }
  for (const what of times.keys()) violations.push({ kind: 'wrong delivery', explanation: `nobody has sent ${what}` })
  return violations
}
