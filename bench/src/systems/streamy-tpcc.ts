// TPC-C's NewOrder and Payment on Streamy, embedded or through the client of a cluster.

import type { Database } from 'streamy-db'
import { TpccDistrict, TpccStock, TpccWarehouse } from '../tpcc-actors.ts'
import { tpccScale, type NewOrder, type Payment } from '../tpcc-plan.ts'
import { inGroups } from '../workloads/in-groups.ts'
import type { Tpcc, TpccTotals } from './system.ts'

/** Actors are there when they are first used, so nothing is loaded. */
export class StreamyTpcc implements Tpcc {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  newOrder(order: NewOrder): Promise<number> {
    return this.#database.actor(TpccDistrict, `${order.warehouse}/${order.district}`).newOrder(order)
  }

  payment(payment: Payment): Promise<void> {
    return this.#database.actor(TpccDistrict, `${payment.warehouse}/${payment.district}`).payment(payment)
  }

  async totals(): Promise<TpccTotals> {
    const { warehouses, districts, items } = tpccScale
    const totals = { orders: 0, orderLines: 0, sold: 0, paidWarehouses: 0, paidDistricts: 0 }
    const database = this.#database
    await inGroups(
      warehouses,
      (warehouse) => database.actor(TpccWarehouse, `${warehouse}`).sum(),
      (sum) => (totals.paidWarehouses += sum),
    )
    await inGroups(
      warehouses * districts,
      (index) => database.actor(TpccDistrict, `${Math.floor(index / districts)}/${index % districts}`).sums(),
      ({ orders, orderLines, ytd }) => {
        totals.orders += orders
        totals.orderLines += orderLines
        totals.paidDistricts += ytd
      },
    )
    await inGroups(
      warehouses * items,
      (index) => database.actor(TpccStock, `${Math.floor(index / items)}/${index % items}`).sold(),
      (sold) => (totals.sold += sold),
    )
    return totals
  }
}
