// What a message and a query do to an actor: results, state, rollback, and what is refused.

import { describe, expect, test } from 'vitest'
import { Actor, actor, ActorError, message, query, transient } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'

class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

@actor()
class Account extends Actor {
  balance = 0
  history: { amount: number }[] = []

  @message()
  deposit(amount: number): number {
    this.history.push({ amount })
    return (this.balance += amount)
  }

  @message()
  withdraw(amount: number): number {
    if (amount > this.balance)
      throw new InsufficientFunds('not enough', { balance: this.balance, wanted: amount })
    return (this.balance -= amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
  }

  @message()
  tryTransfer(from: string, amount: number): string {
    const { history } = this
    try {
      this.actor(Account, from).transfer(this.key, amount)
      return 'done'
    } catch (error) {
      return `${(error as Error).name} ${history.length}`
    }
  }

  @query()
  statement(): string {
    return `${this.key} has ${this.balance}`
  }

  @query()
  entries(): number {
    return this.history.length
  }
}

describe('a message', () => {
  test('changes state and returns a result', () => {
    const world = new ActorWorld(Account)
    expect(world.actor(Account, 'alice').deposit(5)).toBe(5)
    expect(world.actor(Account, 'alice').deposit(2)).toBe(7)
    expect(world.actor(Account, 'alice').statement()).toBe('alice has 7')
    expect(world.actor(Account, 'alice').entries()).toBe(2)
  })

  test('reaches another actor in the same transaction', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    world.actor(Account, 'alice').transfer('bob', 2)
    expect(world.last.writes.map((write) => write.ref.id)).toEqual(['Account/alice', 'Account/bob'])
    expect(world.actor(Account, 'bob').statement()).toBe('bob has 2')
  })

  test('that throws leaves no trace and its error arrives as it was thrown', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    const before = world.snapshot()
    expect(() => world.actor(Account, 'alice').transfer('bob', 50)).toThrow(InsufficientFunds)
    expect(world.snapshot()).toEqual(before)
  })
})

void transient
void query
