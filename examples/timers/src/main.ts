// Durable timers: a seat is held for a while, and free again unless it is paid for in time. A timer belongs to its actor
// and is state like its fields: it survives a restart, and one that became due meanwhile runs as soon as it can.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Actor, ActorError, actor, message, open, query, type Database, type TimerHandle } from 'streamy-db'

class SeatTaken extends ActorError<{ holder: string }> {}

@actor()
class Seat extends Actor {
  holder = ''
  paid = false
  expiry: TimerHandle | undefined = undefined

  @message()
  hold(holder: string, milliseconds: number): void {
    if (this.holder !== '') throw new SeatTaken(`${this.key} is taken`, { holder: this.holder })
    this.holder = holder
    this.expiry = this.after(milliseconds).expire()
  }

  @message()
  pay(): void {
    if (this.expiry !== undefined) this.cancel(this.expiry)
    this.paid = true
  }

  @message()
  expire(): void {
    this.holder = ''
  }

  @query()
  status(): string {
    if (this.holder === '') return 'free'
    return this.paid ? `sold to ${this.holder}` : `held for ${this.holder}`
  }
}

const directory = await mkdtemp(join(tmpdir(), 'streamy-timers-'))

let db = await open(directory, { actors: [Seat] })

await db.actor(Seat, '12A').hold('Ada', 60_000)
await db.actor(Seat, '12A').pay() // in time: cancels the timer
await db.actor(Seat, '12B').hold('Bob', 200)
console.log('12B is', await db.actor(Seat, '12B').status())
await untilFree(db, '12B')
console.log('12B is', await db.actor(Seat, '12B').status(), 'because Bob did not pay')
console.log('12A is', await db.actor(Seat, '12A').status())

await db.actor(Seat, '12C').hold('Cleo', 60)
await db.close()
console.log('closed, with 12C held for Cleo')
await setTimeout(100)

db = await open(directory, { actors: [Seat] })
await untilFree(db, '12C')
console.log('12C is', await db.actor(Seat, '12C').status(), 'again: its time was over while nothing ran')
console.log('12A is', await db.actor(Seat, '12A').status())
await db.close()

await rm(directory, { recursive: true })

async function untilFree(database: Database, seat: string): Promise<void> {
  while ((await database.actor(Seat, seat).status()) !== 'free') await setTimeout(5)
}
