// getNextId: ids from one or from many counters. Every id of a counter must come exactly once: one that comes twice shows at
// once, one that is left out at the end. Where replies are told in the order of positions, as Streamy does, one that is
// skipped shows at once as well.

import type { IdPlan } from '../call-plan.ts'
import type { Counters } from '../systems/system.ts'
import { whole } from '../table.ts'
import { CheckFailed, passed, type CheckResult, type Workload } from './workload.ts'

// Keeping no list of all keys: some plans have a million.
const READ_AT_ONCE = 1000

/** Whether the ids of one counter arrive in their order. */
export type IdOrder = 'ordered' | 'any'

/** Draws ids. */
export class GetNextId implements Workload {
  readonly title: string
  readonly #counters: Counters
  readonly #plan: IdPlan
  readonly #order: IdOrder
  /** Per counter: all ids up to this one have arrived. */
  readonly #given: Uint32Array
  /** Per counter: those that arrived before their turn. */
  readonly #early = new Map<number, Set<number>>()

  constructor(counters: Counters, title: string, plan: IdPlan, order: IdOrder = 'ordered') {
    this.#counters = counters
    this.title = title
    this.#plan = plan
    this.#order = order
    this.#given = new Uint32Array(plan.count)
  }

  pick(): number {
    return this.#plan.pick()
  }

  call(pick: number): Promise<number> {
    return this.#counters.next(this.#plan.key(this.#plan.target(pick)))
  }

  accept(pick: number, reply: unknown): void {
    const target = this.#plan.target(pick)
    const expected = this.#given[target]! + 1
    if (reply === expected) {
      this.#given[target] = expected
      this.#takeEarly(target)
    } else if (this.#order === 'any' && typeof reply === 'number' && reply > expected) this.#keepEarly(target, reply)
    else throw new CheckFailed(this.title, `${this.#plan.key(target)} gave ${String(reply)} after ${expected - 1}`)
  }

  async check(): Promise<CheckResult> {
    const calls = this.#given.reduce((sum, given) => sum + given, 0)
    let found = 0
    for (let start = 0; start < this.#given.length; start += READ_AT_ONCE) {
      const arrived = this.#given.subarray(start, start + READ_AT_ONCE)
      const keys = Array.from(arrived, (_, offset) => this.#plan.key(start + offset))
      for (const [offset, given] of (await this.#counters.values(keys)).entries()) {
        if (given !== arrived[offset])
          throw new CheckFailed(this.title, `${keys[offset]} has given ${given} ids and ${arrived[offset]} arrived`)
        found += given
      }
    }
    const summary = `${whole(calls)} ids for as many calls, none twice and none left out`
    return passed(this.title, { calls, found, expected: calls, summary })
  }

  #keepEarly(target: number, id: number): void {
    const early = this.#early.get(target) ?? new Set()
    if (early.has(id)) throw new CheckFailed(this.title, `${this.#plan.key(target)} gave ${id} twice`)
    this.#early.set(target, early.add(id))
  }

  #takeEarly(target: number): void {
    const early = this.#early.get(target)
    while (early?.delete(this.#given[target]! + 1) === true) this.#given[target]! += 1
  }
}
