// TPC-C's NewOrder and Payment. At the end the consistency conditions of its clause 3.3 that these two can break must hold:
// warehouses and districts were paid the same, which is what was answered; orders, lines and stock agree with what was answered.

import type { Tpcc as TpccPort, TpccTotals } from '../systems/system.ts'
import { whole } from '../table.ts'
import { tpccCalls, type TpccCall } from '../tpcc-plan.ts'
import { CheckFailed, passed, type CheckResult, type Workload } from './workload.ts'

const IN_FLIGHT_MAX = 2 ** 16

/** Orders and pays. */
export class Tpcc implements Workload {
  readonly title: string
  readonly #port: TpccPort
  readonly #draw = tpccCalls()
  /** Calls by their numbers, until they are answered. */
  readonly #calls: TpccCall[] = []
  #next = 0
  #answered = 0
  readonly #expected = { orders: 0, orderLines: 0, sold: 0, paid: 0 }

  constructor(port: TpccPort, title: string) {
    this.#port = port
    this.title = title
  }

  pick(): number {
    const pick = this.#next++ % IN_FLIGHT_MAX
    this.#calls[pick] = this.#draw()
    return pick
  }

  call(pick: number): Promise<unknown> {
    const call = this.#calls[pick]!
    return call.kind === 'payment' ? this.#port.payment(call.payment) : this.#port.newOrder(call.order)
  }

  accept(pick: number, reply: unknown): void {
    const call = this.#calls[pick]!
    const expected = this.#expected
    this.#answered += 1
    if (call.kind === 'payment') {
      expected.paid += call.payment.amount
      return
    }
    if (typeof reply !== 'number' || reply < 1)
      throw new CheckFailed(this.title, `an order got number ${String(reply)}`)
    expected.orders += 1
    expected.orderLines += call.order.lines.length
    for (const { quantity } of call.order.lines) expected.sold += quantity
  }

  async check(): Promise<CheckResult> {
    const totals = await this.#port.totals()
    const { orders, orderLines, sold, paid } = this.#expected
    const expected: TpccTotals = { orders, orderLines, sold, paidWarehouses: paid, paidDistricts: paid }
    for (const name of Object.keys(expected) as (keyof TpccTotals)[])
      if (totals[name] !== expected[name])
        throw new CheckFailed(this.title, `${name} is ${totals[name]}, and ${expected[name]} was answered`)
    const summary = `${whole(orders)} orders of ${whole(orderLines)} lines, ${whole(sold)} pieces sold and ${whole(paid)} paid, as answered`
    return passed(this.title, { calls: this.#answered, found: totals.orders, expected: orders, summary })
  }
}
