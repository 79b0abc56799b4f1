// Counters and ids: the smallest actors there are. Shows that concurrent messages to one actor need no lock, that a
// query is a plain read, and that everything is there again after the database is closed and opened.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, actor, message, open, query } from 'streamy-db'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  increment(by: number): number {
    return (this.count += by)
  }

  @query()
  value(): number {
    return this.count
  }
}

@actor()
class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }
}

const actors = [Counter, Sequence]
const directory = await mkdtemp(join(tmpdir(), 'streamy-counters-'))

const db = await open(directory, { actors })

// An actor is created by its first message; its key says which one is meant.
await db.actor(Counter, 'visits').increment(1)

// A thousand callers at once: each message is a transaction, and they share the flushes to disk.
await Promise.all(Array.from({ length: 1000 }, () => db.actor(Counter, 'visits').increment(1)))
console.log('visits:', await db.actor(Counter, 'visits').value())

// Ids: in the order of the calls here, and never one twice.
const orders = db.actor(Sequence, 'orders')
const ids = await Promise.all([orders.getNextId(), orders.getNextId(), orders.getNextId()])
console.log('order ids:', ids.join(', '))

// Another key is another actor.
console.log('first invoice id:', await db.actor(Sequence, 'invoices').getNextId())
await db.close()

const again = await open(directory, { actors })
console.log('visits after a restart:', await again.actor(Counter, 'visits').value())
console.log('next order id after a restart:', await again.actor(Sequence, 'orders').getNextId())
await again.close()

await rm(directory, { recursive: true })
