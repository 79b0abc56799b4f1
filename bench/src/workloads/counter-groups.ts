// Calvin's microbenchmark: each transaction reads and writes several counters, one of which is hot. At the end all counters
// together must have counted every transaction once in each of its keys.

import type { GroupPlan } from '../group-plan.ts'
import type { Counters } from '../systems/system.ts'
import { whole } from '../table.ts'
import { passed, type CheckResult, type Workload } from './workload.ts'

/** Counts in several counters at once. */
export class CounterGroups implements Workload {
  readonly title: string
  readonly #counters: Counters
  readonly #plan: GroupPlan
  #calls = 0
  #expected = 0

  constructor(counters: Counters, title: string, plan: GroupPlan) {
    this.#counters = counters
    this.title = title
    this.#plan = plan
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<unknown> {
    return this.#counters.nextOfAll(this.#plan.group(pick))
  }

  accept(pick: number): void {
    this.#calls += 1
    this.#expected += this.#plan.group(pick).length
  }

  async check(): Promise<CheckResult> {
    const { keys } = this.#plan
    const found = (await this.#counters.values(keys)).reduce((sum, value) => sum + value, 0)
    const summary = `${whole(this.#calls)} transactions; ${whole(found)} counted in all counters, as many as they had keys`
    return passed(this.title, { calls: this.#calls, found, expected: this.#expected, summary })
  }
}
