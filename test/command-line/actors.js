// Actors for the tests of the command line: plain JavaScript, as a user without a compiler has them.

import { Actor, registerActor } from 'streamy-db'

export class Account extends Actor {
  balance = 0

  deposit(amount) {
    this.balance += amount
    return this.balance
  }

  transfer(to, amount) {
    this.actor(Account, to).deposit(amount)
    this.balance -= amount
    return this.balance
  }

  statement() {
    return { key: this.key, balance: this.balance }
  }
}

registerActor(Account, { messages: { deposit: {}, transfer: {} }, queries: { statement: {} } })
