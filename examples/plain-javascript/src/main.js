// Streamy without TypeScript and without decorators: `registerActor` says of a class what the decorators would. Node
// runs this file as it is.

import { Actor, open, reads, registerActor } from 'streamy-db'

class Sequence extends Actor {
  next = 1

  getNextId() {
    return this.next++
  }
}

registerActor(Sequence, { messages: { getNextId: {} }, queries: {} })

class Product extends Actor {
  price = 0

  setPrice(price) {
    this.price = price
  }

  getPrice() {
    return this.price
  }
}

registerActor(Product, { messages: { setPrice: {} }, queries: { getPrice: {} } })

class Cart extends Actor {
  items = new Map()
  total = 0

  add(product, count) {
    this.items.set(product, (this.items.get(product) ?? 0) + count)
    this.total += count * this.actor(Product, product).getPrice()
  }

  receipt() {
    const lines = [...this.items].map(([product, count]) => `${count} ${product}`)
    return `${this.key}: ${lines.join(', ')}: ${this.total}`
  }
}

registerActor(Cart, {
  // Names the other actors that `add` uses, from its arguments; the product is only read.
  messages: { add: { touches: (self, product) => [reads(self.actor(Product, product))] } },
  queries: { receipt: {} },
})

const db = await open(':memory:', { actors: [Sequence, Product, Cart] })

await db.actor(Product, 'tea').setPrice(4)
await db.actor(Product, 'cake').setPrice(3)

const cart = db.actor(Cart, `cart-${await db.actor(Sequence, 'carts').getNextId()}`)
await cart.add('tea', 2)
await cart.add('cake', 1)
console.log(await cart.receipt())

await db.close()
