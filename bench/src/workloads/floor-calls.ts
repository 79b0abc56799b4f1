// The calls of a plan made on the floor; see `floor.ts`.

import type { CallPlan } from '../call-plan.ts'
import { Floor, callsIn, type BareLog } from '../floor.ts'
import { whole } from '../table.ts'
import { passed, type CheckResult, type Workload } from './workload.ts'

/** Makes calls durable without executing them. */
export class FloorCalls implements Workload {
  readonly title: string
  readonly #plan: CallPlan
  readonly #log: BareLog
  readonly #floor: Floor
  #calls = 0

  constructor(log: BareLog, title: string, plan: CallPlan) {
    this.title = title
    this.#plan = plan
    this.#log = log
    this.#floor = new Floor(log)
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<void> {
    return this.#floor.call(this.#plan.bareCall(pick))
  }

  accept(): void {
    this.#calls += 1
  }

  async check(): Promise<CheckResult> {
    const found = await callsIn(this.#log)
    const summary = `${whole(found)} calls read back`
    return passed(this.title, { calls: this.#calls, found, expected: this.#calls, summary })
  }
}
