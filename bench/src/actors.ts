// The actors that the benchmarks call: a sequence of ids, accounts that pass money on, and editors of key-value records.

import { Actor, ActorError, actor, kvRef, message, query } from 'streamy-db'
import { modified } from './systems/record-value.ts'

/** Where the key-value records are. */
export const recordSpace = 'records'

/** An account was to give more than it has. */
export class InsufficientFunds extends ActorError<{ readonly balance: number; readonly wanted: number }> {}

/** Gives out 1, 2, 3 and so on. */
@actor()
export class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }

  /** Gives one out here and in each of several others. */
  @message({ touches: (self, others: readonly string[]) => others.map((key) => self.actor(Sequence, key)) })
  advanceAll(others: readonly string[]): void {
    this.next += 1
    for (const key of others) this.actor(Sequence, key).getNextId()
  }

  /** How many ids it has given out. */
  @query()
  given(): number {
    return this.next - 1
  }
}

/** Money. */
@actor()
export class Account extends Actor {
  balance = 0

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

  @message({ touches: (self, to: readonly string[]) => to.map((key) => self.actor(Account, key)) })
  transferToAll(to: readonly string[], amount: number): void {
    this.withdraw(amount * to.length)
    for (const key of to) this.actor(Account, key).deposit(amount)
  }

  @query()
  funds(): number {
    return this.balance
  }
}

/** Changes the record of its key where it is, as a stored procedure does elsewhere; it keeps nothing itself. */
@actor()
export class RecordEditor extends Actor {
  @message({ touches: ({ key }) => [kvRef(recordSpace, [key])] })
  modify(): void {
    const records = this.kv<string, [string]>(recordSpace)
    const { value = '' } = records.get([this.key])
    records.set([this.key], modified(value))
    this.destroy()
  }
}
