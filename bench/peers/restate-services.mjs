// The ports of the benchmarks as Restate's users write them: counters, accounts and records are virtual objects with state in
// Restate. What touches several objects is a service that calls them one after the other, durably but not isolated. Runs in a
// process of its own; its port is its only argument.

import { createServer } from 'node:http2'
import { createEndpointHandler, handlers, object, service } from '@restatedev/restate-sdk'

const { shared } = handlers.object

const counter = object({
  name: 'Counter',
  handlers: {
    next: async (context) => {
      const value = ((await context.get('value')) ?? 0) + 1
      context.set('value', value)
      return value
    },
    value: shared(async (context) => (await context.get('value')) ?? 0),
  },
})

const account = object({
  name: 'Account',
  handlers: {
    // Accounts start with what they were opened with, when they are first used.
    change: async (context, { amount, openingBalance }) => {
      const balance = ((await context.get('balance')) ?? openingBalance) + amount
      if (balance >= 0) context.set('balance', balance)
      return balance >= 0
    },
    balance: shared(async (context) => (await context.get('balance')) ?? null),
  },
})

const record = object({
  name: 'Record',
  handlers: {
    read: shared(async (context) => (await context.get('value')) ?? null),
    write: async (context, value) => {
      context.set('value', value)
    },
    modify: async (context, { digits, initial }) => {
      const value = (await context.get('value')) ?? initial
      const count = String(Number(value.slice(0, digits)) + 1).padStart(digits, '0')
      context.set('value', count + value.slice(digits))
    },
  },
})

const several = service({
  name: 'Several',
  handlers: {
    nextOfAll: async (context, keys) => {
      for (const key of keys) await context.objectClient(counter, key).next()
    },
    transfer: async (context, { from, to, amount, openingBalance }) => {
      const taken = await context.objectClient(account, from).change({ amount: -amount * to.length, openingBalance })
      if (!taken) return false
      for (const key of to) await context.objectClient(account, key).change({ amount, openingBalance })
      return true
    },
  },
})

const endpoint = createEndpointHandler({ services: [counter, account, record, several] })
createServer(endpoint).listen(Number(process.argv[2]), '127.0.0.1')
