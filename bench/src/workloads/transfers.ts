// Transfers: one message that reads and writes two accounts. No transfer can fail: each account starts with more than
// all transfers together could take from it. So money that is missing at the end, or too much, is an error of the system.

import type { TransferPlan } from '../call-plan.ts'
import type { Accounts } from '../systems/system.ts'
import { whole } from '../table.ts'
import { passed, type CheckResult, type Workload } from './workload.ts'

/** What each account starts with. */
export const openingBalance = 1_000_000_000

/** Moves money between accounts that are open. */
export class Transfers implements Workload {
  readonly title: string
  readonly #accounts: Accounts
  readonly #plan: TransferPlan
  #calls = 0

  constructor(accounts: Accounts, title: string, plan: TransferPlan) {
    this.#accounts = accounts
    this.title = title
    this.#plan = plan
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<unknown> {
    const plan = this.#plan
    return this.#accounts.transfer(plan.from(pick), plan.to(pick), plan.amount)
  }

  accept(): void {
    this.#calls += 1
  }

  async check(): Promise<CheckResult> {
    return await checkMoney(this.title, this.#accounts, this.#plan.keys, this.#calls)
  }
}

/** The money in all accounts must be what they started with. */
export async function checkMoney(
  title: string,
  accounts: Accounts,
  keys: readonly string[],
  calls: number,
): Promise<CheckResult> {
  const found = (await accounts.balances(keys)).reduce((sum, balance) => sum + balance, 0)
  const expected = keys.length * openingBalance
  const summary = `${whole(calls)} transfers; ${whole(found)} in all accounts, as before`
  return passed(title, { calls, found, expected, summary })
}
