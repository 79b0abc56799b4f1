// getNextId: ids from one or from many sequences. Every reply is checked as it comes: replies are told in the order of
// positions, so the ids of one sequence arrive as 1, 2, 3, and one that is given twice, skipped or mixed up shows at once.

import type { Database, Reference } from 'streamy-db'
import { Sequence } from '../actors.ts'
import type { IdPlan } from '../call-plan.ts'
import { whole } from '../table.ts'
import { inGroups } from './in-groups.ts'
import { CheckFailed, passed, type CheckResult, type Workload } from './workload.ts'

/** Draws ids. */
export class GetNextId implements Workload {
  readonly title: string
  readonly #database: Database
  readonly #plan: IdPlan
  readonly #given: Uint32Array

  constructor(database: Database, title: string, plan: IdPlan) {
    this.#database = database
    this.title = title
    this.#plan = plan
    this.#given = new Uint32Array(plan.count)
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<number> {
    return this.#sequence(this.#plan.target(pick)).getNextId()
  }

  accept(pick: number, reply: unknown): void {
    const target = this.#plan.target(pick)
    const expected = this.#given[target]! + 1
    this.#given[target] = expected
    if (reply !== expected)
      throw new CheckFailed(this.title, `${this.#plan.key(target)} gave ${String(reply)} after ${expected - 1}`)
  }

  async check(): Promise<CheckResult> {
    const calls = this.#given.reduce((sum, given) => sum + given, 0)
    let found = 0
    const compare = (given: number, target: number): void => {
      const arrived = this.#given[target]!
      if (given !== arrived)
        throw new CheckFailed(this.title, `${this.#plan.key(target)} has given ${given} ids and ${arrived} arrived`)
      found += given
    }
    await inGroups(this.#given.length, (target) => this.#sequence(target).given(), compare)
    const summary = `${whole(calls)} ids for as many calls, none twice and none left out`
    return passed(this.title, { calls, found, expected: calls, summary })
  }

  #sequence(target: number): Reference<Sequence> {
    return this.#database.actor(Sequence, this.#plan.key(target))
  }
}
