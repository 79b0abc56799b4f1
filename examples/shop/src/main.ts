// A small shop on documents: customers with unique e-mails, products with a stock, orders with numbers drawn from an actor.
// Placing an order is one transaction over three collections; cancelling one is a message of an actor that uses the same
// collections in its handler.

import { Actor, actor, ActorError, DocumentInvalid, DuplicateKey, message, open, type Database } from 'streamy-db'
import { customers, orders, products } from './collections.ts'

class NotOpen extends ActorError<{ order: number }> {}

@actor()
class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }
}

@actor()
class Desk extends Actor {
  cancelled = 0

  @message()
  cancelOrder(id: number): void {
    const order = this.collection(orders).get(id)
    if (order?.status !== 'open') throw new NotOpen(`order ${id} is not open`, { order: id })
    this.collection(orders).updateOne({ _id: id }, { $set: { status: 'cancelled' } })
    this.collection(customers).updateOne({ _id: order.customer }, { $inc: { spent: -order.total } })
    for (const { product, count } of order.lines)
      this.collection(products).updateOne({ _id: product }, { $inc: { stock: count } })
    this.cancelled += 1
  }
}

async function placeOrder(db: Database, email: string, wanted: Readonly<Record<string, number>>): Promise<number> {
  const id = await db.actor(Sequence, 'orders').getNextId()
  await db.transaction(async (tx) => {
    const customer = await tx.collection(db.collection(customers)).findOne({ email })
    if (customer === undefined) throw new Error(`Nobody has the e-mail ${email}`)
    const lines = []
    for (const [product, count] of Object.entries(wanted)) {
      const { price } = (await tx.collection(db.collection(products)).get(product))!
      lines.push({ product, count, price })
      // The schema does not let the stock fall below 0: then nothing of the order happens.
      tx.collection(db.collection(products)).updateOne({ _id: product }, { $inc: { stock: -count } })
    }
    const total = lines.reduce((sum, { count, price }) => sum + count * price, 0)
    tx.collection(db.collection(orders)).insertOne({ _id: id, customer: customer._id, lines, total, status: 'open' })
    tx.collection(db.collection(customers)).updateOne({ _id: customer._id }, { $inc: { spent: total } })
  })
  return id
}

const db = await open(':memory:', { actors: [Sequence, Desk], collections: [customers, products, orders] })

await db.collection(customers).insertMany([
  { _id: 'ada', email: 'ada@example.org', name: 'Ada', spent: 0 },
  { _id: 'bob', email: 'bob@example.org', name: 'Bob', spent: 0 },
])
await db.collection(products).insertMany([
  { _id: 'tea', title: 'Tea', price: 4, stock: 10, tags: ['drink', 'hot'] },
  { _id: 'ice', title: 'Ice', price: 3, stock: 2, tags: ['cold'] },
  { _id: 'cola', title: 'Cola', price: 2, stock: 5, tags: ['drink', 'cold'] },
])

try {
  await db.collection(customers).insertOne({ _id: 'eve', email: 'ada@example.org', name: 'Eve', spent: 0 })
} catch (error) {
  if (error instanceof DuplicateKey) console.log(`the e-mail is taken by ${String(error.data.existingId)}`)
}

const first = await placeOrder(db, 'ada@example.org', { tea: 2, ice: 1 })
const second = await placeOrder(db, 'bob@example.org', { cola: 3 })
console.log(`orders ${first} and ${second}`)

try {
  await placeOrder(db, 'bob@example.org', { tea: 1, ice: 5 })
} catch (error) {
  if (error instanceof DocumentInvalid) console.log(`refused: ${error.data.issues[0]!.path} would be below 0`)
}

const openOrders = await db
  .collection(orders)
  .find({ status: 'open' }, { sort: { total: -1 } })
  .toArray()
console.log(`open, the dearest first: ${openOrders.map(({ _id, total }) => `${_id} at ${total}`).join(', ')}`)

await db.actor(Desk, 'main').cancelOrder(first)
const stock = await db
  .collection(products)
  .find({}, { projection: { stock: 1 } })
  .toArray()
console.log(`stock: ${stock.map(({ _id, stock: left }) => `${left} ${_id}`).join(', ')}`)

const drinks = await db
  .collection(products)
  .find({ tags: 'drink' }, { sort: { price: 1 } })
  .toArray()
console.log(`drinks: ${drinks.map(({ title }) => title).join(', ')}`)

const byStatus = await db
  .collection(orders)
  .aggregate<{ _id: string; total: number }>([
    { $group: { _id: '$status', total: { $sum: '$total' } } },
    { $sort: { _id: 1 } },
  ])
console.log(`totals: ${byStatus.map(({ _id, total }) => `${_id} ${total}`).join(', ')}`)
await db.close()
