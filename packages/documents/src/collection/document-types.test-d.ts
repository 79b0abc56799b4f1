// What the compiler says of filters, updates and documents: a misspelt field, a value of another type and an unknown
// operator do not compile.

import type { Collection } from './collection.ts'
import type { Filter, Insertable, Sort, Update } from './document-types.ts'

interface Order {
  readonly _id: string
  readonly customer: { readonly name: string; readonly age?: number }
  readonly lines: readonly { readonly product: string; readonly count: number }[]
  readonly tags: readonly string[]
  readonly total: number
  readonly paid: Date | null
}

const filters: readonly Filter<Order>[] = [
  {},
  { _id: 'a' },
  { total: { $gte: 5, $lt: 9 } },
  { tags: 'x' },
  { tags: { $all: ['x', 'y'] } },
  { 'customer.name': /^A/ },
  { 'customer.age': { $exists: false } },
  { 'lines.product': { $in: ['tea'] } },
  { 'lines.0.count': 1 },
  { lines: { $elemMatch: { product: 'tea', count: { $gt: 1 } } } },
  { paid: null },
  { $or: [{ total: 1 }, { $and: [{ tags: 'x' }] }] },
]
const updates: readonly Update<Order>[] = [
  { $set: { 'customer.name': 'Ada', total: 5 }, $unset: { paid: 1 } },
  { $inc: { total: 1, 'lines.$.count': 1 } },
  { $push: { tags: 'x' }, $addToSet: { lines: { $each: [{ product: 'tea', count: 1 }] } } },
  { $pull: { tags: { $in: ['x'] } }, $currentDate: { paid: true } },
]
const sorts: readonly Sort<Order>[] = [{ total: -1, 'customer.name': 1 }]
const inserted: readonly Insertable<Order>[] = [
  { customer: { name: 'Ada' }, lines: [], tags: [], total: 0, paid: null },
  { _id: 'a', customer: { name: 'Ada' }, lines: [], tags: [], total: 0, paid: null },
]
export { filters, inserted, sorts, updates }

// @ts-expect-error There is no such field.
export const misspelt: Filter<Order> = { totl: 5 }
// @ts-expect-error There is no such field within the customer.
export const misspeltPath: Filter<Order> = { 'customer.nam': 'Ada' }
// @ts-expect-error A total is a number.
export const ofAnotherType: Filter<Order> = { total: '5' }
// @ts-expect-error So is what it is compared with.
export const comparedWithText: Filter<Order> = { total: { $gt: '5' } }
// @ts-expect-error There is no such operator.
export const unknownOperator: Filter<Order> = { total: { $above: 5 } }
// @ts-expect-error A name is text.
export const setToANumber: Update<Order> = { $set: { 'customer.name': 5 } }
// @ts-expect-error Tags are text.
export const pushedANumber: Update<Order> = { $push: { tags: 5 } }
// @ts-expect-error There is no such operator.
export const unknownUpdate: Update<Order> = { $add: { total: 5 } }
// @ts-expect-error 1 or -1.
export const sortedUp: Sort<Order> = { total: 'up' }
// @ts-expect-error It has no lines.
export const incomplete: Insertable<Order> = { customer: { name: 'Ada' }, tags: [], total: 0, paid: null }

export async function use(orders: Collection<Order>): Promise<number> {
  const order = await orders.findOne({ total: 5 })
  const tags: string[] = await orders.distinct('tags')
  // @ts-expect-error It may not be there.
  return order.total + tags.length
}
