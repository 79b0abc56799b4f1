// The calls of a plan made on the floor of a cluster; see `cluster-floor.ts`.

import type { CallPlan } from '../call-plan.ts'
import type { ClusterFloor } from '../cluster-floor.ts'
import { whole } from '../table.ts'
import { passed, type CheckResult, type Workload } from './workload.ts'

/** Sends calls through a stream without executing them. */
export class ClusterFloorCalls implements Workload {
  readonly title: string
  readonly #plan: CallPlan
  readonly #floor: ClusterFloor
  readonly #counted: () => Promise<number>
  #calls = 0

  /** `counted` tells how many calls the worker has seen. */
  constructor(floor: ClusterFloor, title: string, plan: CallPlan, counted: () => Promise<number>) {
    this.title = title
    this.#plan = plan
    this.#floor = floor
    this.#counted = counted
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
    const found = await this.#counted()
    const summary = `${whole(found)} calls counted by the worker`
    return passed(this.title, { calls: this.#calls, found, expected: this.#calls, summary })
  }
}
