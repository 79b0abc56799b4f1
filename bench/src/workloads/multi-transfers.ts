// SmallBank's MultiTransfer: one account gives to several others, all or none. Checked like `transfers.ts`.

import type { GroupPlan } from '../group-plan.ts'
import type { Accounts } from '../systems/system.ts'
import { checkMoney } from './transfers.ts'
import type { CheckResult, Workload } from './workload.ts'

/** Moves money to several accounts at once. */
export class MultiTransfers implements Workload {
  readonly title: string
  readonly #accounts: Accounts
  readonly #plan: GroupPlan
  #calls = 0

  constructor(accounts: Accounts, title: string, plan: GroupPlan) {
    this.#accounts = accounts
    this.title = title
    this.#plan = plan
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<unknown> {
    const [from = '', ...to] = this.#plan.group(pick)
    return this.#accounts.transferToAll(from, to, 1)
  }

  accept(): void {
    this.#calls += 1
  }

  async check(): Promise<CheckResult> {
    return await checkMoney(this.title, this.#accounts, this.#plan.keys, this.#calls)
  }
}
