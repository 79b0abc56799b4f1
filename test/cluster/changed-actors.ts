// The actors with a difference that matters: an account that charges for withdrawals. A worker that runs these must not be
// let in where the others run those of actors.ts.

import { Actor, actor, message } from 'streamy-db'
import { List, Register, Sequence } from './actors.ts'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  withdrawForAFee(amount: number): number {
    return (this.balance -= amount + 1)
  }
}

export const changedActors = [Account, Sequence, Register, List]
