// The ports of the benchmarks as Durable Objects: counters, accounts and records are objects with SQLite of their own, on workerd
// as miniflare runs it. What touches several objects calls them one after the other, not isolated. Runs in a process of its own;
// its arguments are the port and the directory of its files.

import { Miniflare } from 'miniflare'

const script = `
import { DurableObject } from 'cloudflare:workers'

export class Counter extends DurableObject {
  next() {
    const value = this.value() + 1
    this.ctx.storage.kv.put('value', value)
    return value
  }
  value() {
    return this.ctx.storage.kv.get('value') ?? 0
  }
}

export class Account extends DurableObject {
  // Accounts start with what they were opened with, when they are first used.
  change({ amount, openingBalance }) {
    const balance = (this.balance() ?? openingBalance) + amount
    if (balance >= 0) this.ctx.storage.kv.put('balance', balance)
    return balance >= 0
  }
  balance() {
    return this.ctx.storage.kv.get('balance') ?? null
  }
}

export class Record extends DurableObject {
  read() {
    return this.ctx.storage.kv.get('value') ?? null
  }
  write(value) {
    this.ctx.storage.kv.put('value', value)
  }
  modify({ digits, initial }) {
    const value = this.read() ?? initial
    this.write(String(Number(value.slice(0, digits)) + 1).padStart(digits, '0') + value.slice(digits))
  }
}

const of = (env, type, key) => env[type].get(env[type].idFromName(key))

const several = {
  async nextOfAll(env, keys) {
    for (const key of keys) await of(env, 'Counter', key).next()
  },
  async transfer(env, { from, to, amount, openingBalance }) {
    if (!(await of(env, 'Account', from).change({ amount: -amount * to.length, openingBalance }))) return false
    for (const key of to) await of(env, 'Account', key).change({ amount, openingBalance })
    return true
  },
}

export default {
  async fetch(request, env) {
    const { type, handler, key, argument } = await request.json()
    const answer = type === 'Several' ? several[handler](env, argument) : of(env, type, key)[handler](argument)
    return Response.json((await answer) ?? null)
  },
}`

const [port, directory] = process.argv.slice(2)
const objects = Object.fromEntries(
  ['Counter', 'Account', 'Record'].map((className) => [className, { className, useSQLite: true }]),
)
const miniflare = new Miniflare({
  modules: true,
  script,
  host: '127.0.0.1',
  port: Number(port),
  compatibilityDate: '2026-01-01',
  durableObjects: objects,
  durableObjectsPersist: directory,
  telemetry: { enabled: false },
  cf: false,
})
await miniflare.ready
process.once('SIGTERM', () => void miniflare.dispose().then(() => process.exit(0)))
