// What TPC-C's NewOrder and Payment are called with, by clauses 2.4 and 2.5 of its specification, revision 5.11: order lines, remote
// suppliers and remote customers in its shares. Fewer items and customers than it asks for, uniformly drawn, no rollbacks by unknown
// items, no history rows: it compares systems and is no TPC-C result.

import { seededRandom } from './seeded-random.ts'

/** One item of an order. */
export interface OrderLine {
  readonly item: number
  /** The warehouse that supplies it. */
  readonly supplier: number
  readonly quantity: number
}

/** A customer orders. */
export interface NewOrder {
  /** Names the order among all. */
  readonly request: string
  readonly warehouse: number
  readonly district: number
  readonly customer: number
  /** Items differ. */
  readonly lines: readonly OrderLine[]
}

/** A customer pays. */
export interface Payment {
  readonly warehouse: number
  readonly district: number
  readonly customerWarehouse: number
  readonly customerDistrict: number
  readonly customer: number
  readonly amount: number
}

/** One call. */
export type TpccCall =
  | { readonly kind: 'new-order'; readonly order: NewOrder }
  | { readonly kind: 'payment'; readonly payment: Payment }

/** How much there is. */
export const tpccScale = { warehouses: 8, districts: 10, customers: 300, items: 1000 } as const

const REMOTE_SUPPLIER = 0.01
const REMOTE_CUSTOMER = 0.15
const NEW_ORDERS = 0.5
const LINES_MIN = 5
const LINES_MAX = 15
const QUANTITY_MAX = 10
const AMOUNT_MAX = 5000

/** Calls without end, the same in each run. */
export function tpccCalls(): () => TpccCall {
  const random = seededRandom(1)
  const below = (count: number): number => Math.floor(random() * count)
  const other = (warehouse: number): number => (warehouse + 1 + below(tpccScale.warehouses - 1)) % tpccScale.warehouses
  let requests = 0
  const newOrder = (): NewOrder => {
    const warehouse = below(tpccScale.warehouses)
    const items = new Set<number>()
    const count = LINES_MIN + below(LINES_MAX - LINES_MIN + 1)
    while (items.size < count) items.add(below(tpccScale.items))
    const lines = Array.from(items, (item): OrderLine => {
      const supplier = random() < REMOTE_SUPPLIER ? other(warehouse) : warehouse
      return { item, supplier, quantity: 1 + below(QUANTITY_MAX) }
    })
    const [district, customer] = [below(tpccScale.districts), below(tpccScale.customers)]
    return { request: `order-${requests++}`, warehouse, district, customer, lines }
  }
  const payment = (): Payment => {
    const warehouse = below(tpccScale.warehouses)
    const district = below(tpccScale.districts)
    const isRemote = random() < REMOTE_CUSTOMER
    return {
      warehouse,
      district,
      customerWarehouse: isRemote ? other(warehouse) : warehouse,
      customerDistrict: isRemote ? below(tpccScale.districts) : district,
      customer: below(tpccScale.customers),
      amount: 1 + below(AMOUNT_MAX),
    }
  }
  return () =>
    random() < NEW_ORDERS ? { kind: 'new-order', order: newOrder() } : { kind: 'payment', payment: payment() }
}

/** What an item costs. */
export function priceOf(item: number): number {
  return 1 + (item % 100)
}
