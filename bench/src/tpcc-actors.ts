// TPC-C's rows as actors, as far as NewOrder and Payment need them: a district takes the order, and everything that it touches is
// named by the call.

import { Actor, actor, message, query, reads } from 'streamy-db'
import { priceOf, type NewOrder, type OrderLine, type Payment } from './tpcc-plan.ts'

/** Sums of what it was paid; its tax. */
@actor()
export class TpccWarehouse extends Actor {
  ytd = 0
  tax = 5

  @message()
  receive(amount: number): void {
    this.ytd += amount
  }

  @query()
  sum(): number {
    return this.ytd
  }

  @query()
  taxRate(): number {
    return this.tax
  }
}

/** Who orders and pays. */
@actor()
export class TpccCustomer extends Actor {
  balance = 0
  ytd = 0
  payments = 0
  discount = 10

  @message()
  pay(amount: number): void {
    this.balance -= amount
    this.ytd += amount
    this.payments += 1
  }

  @query()
  discountRate(): number {
    return this.discount
  }
}

/** How much of an item a warehouse has. */
@actor()
export class TpccStock extends Actor {
  quantity = 100
  ytd = 0
  orders = 0
  remoteOrders = 0

  @message()
  take(quantity: number, remote: boolean): void {
    this.quantity = this.quantity >= quantity + 10 ? this.quantity - quantity : this.quantity - quantity + 91
    this.ytd += quantity
    this.orders += 1
    if (remote) this.remoteOrders += 1
  }

  @query()
  sold(): number {
    return this.ytd
  }
}

/** An order with its lines. Named by its request, because its number is given while it is taken. */
@actor()
export class TpccOrder extends Actor {
  number = 0
  customer = 0
  total = 0
  lines: readonly OrderLine[] = []

  @message()
  enter(number: number, customer: number, total: number, lines: readonly OrderLine[]): void {
    this.number = number
    this.customer = customer
    this.total = total
    this.lines = lines
  }
}

/** Numbers its orders, and sums what it was paid. */
@actor()
export class TpccDistrict extends Actor {
  nextOrder = 1
  orderLines = 0
  ytd = 0
  tax = 5

  @message({
    touches: (self, { warehouse, district, customer, request, lines }: NewOrder) => [
      reads(self.actor(TpccWarehouse, `${warehouse}`)),
      reads(self.actor(TpccCustomer, `${warehouse}/${district}/${customer}`)),
      self.actor(TpccOrder, request),
      ...lines.map(({ item, supplier }) => self.actor(TpccStock, `${supplier}/${item}`)),
    ],
  })
  newOrder({ warehouse, district, customer, request, lines }: NewOrder): number {
    const taxes = this.tax + this.actor(TpccWarehouse, `${warehouse}`).taxRate()
    const discount = this.actor(TpccCustomer, `${warehouse}/${district}/${customer}`).discountRate()
    let sum = 0
    for (const { item, supplier, quantity } of lines) {
      this.actor(TpccStock, `${supplier}/${item}`).take(quantity, supplier !== warehouse)
      sum += quantity * priceOf(item)
    }
    const number = this.nextOrder++
    this.orderLines += lines.length
    const total = (sum * (100 - discount) * (100 + taxes)) / 10_000
    this.actor(TpccOrder, request).enter(number, customer, total, lines)
    return number
  }

  @message({
    touches: (self, { warehouse, customerWarehouse, customerDistrict, customer }: Payment) => [
      self.actor(TpccWarehouse, `${warehouse}`),
      self.actor(TpccCustomer, `${customerWarehouse}/${customerDistrict}/${customer}`),
    ],
  })
  payment({ warehouse, customerWarehouse, customerDistrict, customer, amount }: Payment): void {
    this.ytd += amount
    this.actor(TpccWarehouse, `${warehouse}`).receive(amount)
    this.actor(TpccCustomer, `${customerWarehouse}/${customerDistrict}/${customer}`).pay(amount)
  }

  @query()
  sums(): { readonly orders: number; readonly orderLines: number; readonly ytd: number } {
    return { orders: this.nextOrder - 1, orderLines: this.orderLines, ytd: this.ytd }
  }
}

/** All of them. */
export const tpccActors = [TpccWarehouse, TpccDistrict, TpccCustomer, TpccStock, TpccOrder]
