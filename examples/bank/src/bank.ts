// The bank's actors: accounts that transfer money, and a sequence that numbers receipts. This is all of the business
// logic; there is no storage code, no lock and no retry anywhere, because every message is a transaction.

import { Actor, ActorError, actor, message, query } from 'streamy-db'

export class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

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

  @query()
  getBalance(): number {
    return this.balance
  }
}

@actor()
export class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }

  @query()
  lastId(): number {
    return this.next - 1
  }
}
