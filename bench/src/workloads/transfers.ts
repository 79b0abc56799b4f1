// Transfers: one message that reads and writes two accounts. No transfer can fail: each account starts with more than
// all transfers together could take from it. So money that is missing at the end, or too much, is an error of the engine.

import type { Database } from 'streamy-db'
import { Account } from '../actors.ts'
import type { TransferPlan } from '../call-plan.ts'
import { whole } from '../table.ts'
import { inGroups } from './in-groups.ts'
import { passed, type CheckResult, type Workload } from './workload.ts'

/** What each account starts with. */
export const openingBalance = 1_000_000_000

/** Moves money. */
export class Transfers implements Workload {
  readonly title: string
  readonly #database: Database
  readonly #plan: TransferPlan
  #calls = 0

  /** Opens the accounts first. */
  static async prepare(database: Database, title: string, plan: TransferPlan): Promise<Transfers> {
    const { keys } = plan
    await inGroups(keys.length, (index) => database.actor(Account, keys[index]!).deposit(openingBalance))
    return new Transfers(database, title, plan)
  }

  /** For accounts that are open already. */
  constructor(database: Database, title: string, plan: TransferPlan) {
    this.#database = database
    this.title = title
    this.#plan = plan
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<void> {
    const plan = this.#plan
    return this.#database.actor(Account, plan.from(pick)).transfer(plan.to(pick), plan.amount)
  }

  accept(): void {
    this.#calls += 1
  }

  async check(): Promise<CheckResult> {
    const { keys } = this.#plan
    let found = 0
    await inGroups(
      keys.length,
      (index) => this.#database.actor(Account, keys[index]!).funds(),
      (funds) => (found += funds),
    )
    const expected = keys.length * openingBalance
    const summary = `${whole(this.#calls)} transfers; ${whole(found)} in all accounts, as before`
    return passed(this.title, { calls: this.#calls, found, expected, summary })
  }
}
