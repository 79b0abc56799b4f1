// The shop's collections: what their documents are, and how they are found.

import { defineCollection } from 'streamy-db'
import { z } from 'zod'

export const customers = defineCollection('customers', {
  schema: z.object({ _id: z.string(), email: z.email(), name: z.string(), spent: z.number().min(0) }),
  indexes: { byEmail: { keys: { email: 1 }, unique: true } },
})

export const products = defineCollection('products', {
  schema: z.object({
    _id: z.string(),
    title: z.string(),
    price: z.number().positive(),
    stock: z.number().int().min(0),
    tags: z.array(z.string()),
  }),
  indexes: { byTagPrice: { keys: { tags: 1, price: 1 } } },
})

export const orders = defineCollection('orders', {
  schema: z.object({
    _id: z.number(),
    customer: z.string(),
    lines: z.array(z.object({ product: z.string(), count: z.number().int().positive(), price: z.number() })),
    total: z.number(),
    status: z.enum(['open', 'paid', 'cancelled']),
  }),
  indexes: {
    byCustomer: { keys: { customer: 1, _id: -1 } },
    open: { keys: { total: -1 }, where: { status: 'open' } },
  },
})
