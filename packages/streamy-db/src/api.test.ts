// The public face as it was promised: the programs a user writes first, run as written, with legacy decorators. The
// dialects have the same programs in api.standard.test.ts and api.metadata.test.ts.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, ActorError, actor, message, open, query, reads, registerActor, transient } from './index.ts'

class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

@actor()
class Account extends Actor {
  balance = 0
  @transient() cache = new Map<string, number>()

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @message()
  withdraw(amount: number): number {
    if (amount > this.balance) throw new InsufficientFunds('not enough', { balance: this.balance, wanted: amount })
    return (this.balance -= amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
  }

  @message({ touches: (self, of: string) => [reads(self.actor(Account, of))] })
  copy(of: string): string {
    this.cache.set(of, 1)
    return `${this.actor(Account, of).statement()}, ${this.cache.size} cached`
  }

  @query()
  statement(): string {
    return `${this.key} has ${this.balance}`
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

/** Keeps everything that the context gives. */
@actor('Context')
class ContextActor extends Actor {
  drawn: object[] = []

  @message()
  draw(): object {
    const { key, now, position } = this
    const drawn = {
      key,
      now,
      position,
      random: this.random(),
      uuid: this.uuid(),
      date: new Date(),
      math: Math.random(),
    }
    this.drawn.push(drawn)
    return drawn
  }

  @query()
  all(): object[] {
    return this.drawn
  }
}

class PlainSequence extends Actor {
  next = 1
  getNextId(): number {
    return this.next++
  }
  lastId(): number {
    return this.next - 1
  }
}
registerActor(PlainSequence, { messages: { getNextId: {} }, queries: { lastId: {} } })

const actors = [Account, Sequence, ContextActor, PlainSequence]
let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamy-api-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('actors', () => {
  test('answer messages and queries', async () => {
    await using db = await open(':memory:', { actors })
    const id: number = await db.actor(Sequence, 'orders').getNextId()
    expect(id).toBe(1)
    expect(await db.actor(Account, 'alice').deposit(10)).toBe(10)
    await db.actor(Account, 'alice').transfer('bob', 4)
    expect(await db.actor(Account, 'alice').statement()).toBe('alice has 6')
    expect(await db.actor(Account, 'bob').statement()).toBe('bob has 4')
    expect(await db.actor(Account, 'alice').copy('bob')).toBe('bob has 4, 1 cached')
    expect(await db.actor(Account, 'alice').copy('bob')).toBe('bob has 4, 1 cached')
  })

  test('throw errors of their own classes at the caller, and then nothing has happened', async () => {
    await using db = await open(':memory:', { actors })
    await db.actor(Account, 'alice').deposit(3)
    const refused: unknown = await db
      .actor(Account, 'alice')
      .transfer('bob', 5)
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InsufficientFunds)
    expect(refused).toMatchObject({ code: 'ACTOR_ERROR', kind: 'user', data: { balance: 3, wanted: 5 } })
    expect(await db.actor(Account, 'alice').statement()).toBe('alice has 3')
    expect(await db.actor(Account, 'bob').statement()).toBe('bob has 0')
  })

  test('can be declared without decorators', async () => {
    await using db = await open(':memory:', { actors })
    expect(await db.actor(PlainSequence, 'a').getNextId()).toBe(1)
    expect(await db.actor(PlainSequence, 'a').lastId()).toBe(1)
  })

  test('can be named by a string', async () => {
    await using db = await open(':memory:', { actors })
    expect(await db.actor<Account>('Account', 'alice').deposit(1)).toBe(1)
  })

  test('draw the same again when the log is replayed', async () => {
    await using db = await open(directory, { actors })
    const drawn = await db.actor(ContextActor, 'a').draw()
    const { now, position } = drawn as { readonly now: number; readonly position: number }
    expect(drawn).toMatchObject({ key: 'a', date: new Date(now), random: expect.any(Number) })
    expect(position).toBeLessThanOrEqual(db.position)
    // What a crash leaves: the log, and no state.
    await cp(join(directory, 'log'), join(directory, 'crashed', 'log'), { recursive: true })
    await using again = await open(join(directory, 'crashed'), { actors })
    expect(await again.actor(ContextActor, 'a').all()).toEqual([drawn])
    expect(await again.actor(ContextActor, 'a').draw()).not.toEqual(drawn)
  })

  test('answer a thousand callers at once, each with an id of its own', async () => {
    await using db = await open(directory, { actors })
    const ids = await Promise.all(Array.from({ length: 1000 }, () => db.actor(Sequence, 'orders').getNextId()))
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1))
  })
})

describe('a database', () => {
  test('is there again after it was closed', async () => {
    const db = await open(directory, { actors })
    await db.actor(Account, 'alice').deposit(5)
    const { position } = db
    await db.close()
    await using again = await open(directory, { actors })
    expect(await again.actor(Account, 'alice').statement()).toBe('alice has 5')
    expect(again.position).toBeGreaterThanOrEqual(position)
  })

  test('in memory is gone when it was closed', async () => {
    const db = await open(':memory:', { actors })
    await db.actor(Account, 'alice').deposit(5)
    await db.close()
    await using again = await open(':memory:', { actors })
    expect(await again.actor(Account, 'alice').statement()).toBe('alice has 0')
  })

  test('closes at the end of the block with `await using`', async () => {
    {
      await using db = await open(directory, { actors })
      await db.actor(Account, 'alice').deposit(5)
    }
    await using again = await open(directory, { actors })
    expect(await again.actor(Account, 'alice').deposit(0)).toBe(5)
  })

  test('moves its position with each answer', async () => {
    await using db = await open(':memory:', { actors })
    await db.actor(Account, 'alice').deposit(1)
    const before = db.position
    await db.actor(Account, 'alice').deposit(1)
    expect(db.position).toBeGreaterThan(before)
    const after = db.position
    await db.actor(Account, 'alice').statement()
    expect(db.position).toBeGreaterThanOrEqual(after)
  })

  test('answers a strong query with all that was acknowledged before it, to anyone', async () => {
    await using db = await open(directory, { actors })
    const deposits = Array.from({ length: 50 }, async () => {
      const balance = await db.actor(Account, 'alice').deposit(1)
      const seen = await db.actor(Account, 'alice', { consistency: 'strong' }).statement()
      return Number(seen.split(' ').at(-1)) >= balance
    })
    expect(await Promise.all(deposits)).not.toContain(false)
  })

  test('answers a session query with at least what this client has seen', async () => {
    await using db = await open(directory, { actors })
    const balance = await db.actor(Account, 'alice').deposit(1)
    expect(await db.actor(Account, 'alice', { consistency: 'session' }).statement()).toBe(`alice has ${balance}`)
  })

  test('runs what was sent before it was closed', async () => {
    const db = await open(directory, { actors })
    const sent = Array.from({ length: 10 }, () => db.actor(Sequence, 'orders').getNextId())
    await db.close()
    expect(await Promise.all(sent)).toHaveLength(10)
    await using again = await open(directory, { actors })
    expect(await again.actor(Sequence, 'orders').getNextId()).toBe(11)
  })

  test('a query brings no actor into being', async () => {
    await using db = await open(':memory:', { actors })
    await db.actor(Account, 'nobody').statement()
    const absent = await db.transaction(async (tx) => {
      await tx.actor(Account, 'nobody').statement()
      return 'read an actor that is not there'
    })
    expect(absent).toBe('read an actor that is not there')
  })
})
