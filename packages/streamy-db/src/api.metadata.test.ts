// The first programs of the public face, with emitted metadata: see api.test.ts for all of it.

import { expect, test } from 'vitest'
import { Actor, ActorError, actor, message, open, query, transient } from './index.ts'

class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

@actor('MetadataAccount')
class Account extends Actor {
  balance = 0
  @transient() seen = 0

  @message()
  deposit(amount: number): number {
    this.seen += 1
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

  @query()
  statement(): string {
    return `${this.key} has ${this.balance} and ${this.seen}`
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

test('actors declared with emitted metadata work', async () => {
  await using db = await open(':memory:', { actors: [Account, Sequence] })
  const id: number = await db.actor(Sequence, 'orders').getNextId()
  expect(id).toBe(1)
  await db.actor(Account, 'alice').deposit(10)
  await db.actor(Account, 'alice').transfer('bob', 4)
  expect(await db.actor(Account, 'alice').statement()).toBe('alice has 6 and 0')
  await expect(db.actor(Account, 'alice').withdraw(7)).rejects.toBeInstanceOf(InsufficientFunds)
  expect(await db.actor<Account>('MetadataAccount', 'bob').statement()).toBe('bob has 4 and 0')
  await db.transaction(async (tx) => {
    if ((await tx.actor(Account, 'alice').statement()).includes('6')) void tx.actor(Account, 'bob').deposit(1)
  })
  expect(await db.actor(Account, 'bob').statement()).toBe('bob has 5 and 0')
})
