// What must compile and what must not.

import {
  Actor,
  actor,
  type LocalReference,
  message,
  query,
  reads,
  type Reference,
  registerActor,
  type TellReference,
  type TimerHandle,
} from './index.ts'
import { expectTypeOf } from 'vitest'
import type { StandardSchemaV1 } from '@standard-schema/spec'

declare const tuple: StandardSchemaV1<unknown, [string, number]>

@actor()
class Account extends Actor {
  balance = 0
  private readonly hidden = 1

  /** Adds money. */
  @message()
  deposit(amount: number): number {
    return (this.balance += amount + this.hidden)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to), reads(self.actor('Account', 'x'))] })
  transfer(to: string, amount: number): void {
    const other = this.actor(Account, to)
    const balance: number = other.deposit(amount)
    // @ts-expect-error -- misspelt
    other.depositt(amount)
    // @ts-expect-error -- wrong argument
    other.deposit('5')
    // @ts-expect-error -- not a handler
    other.balance += balance
    // @ts-expect-error -- nothing of Actor's own
    other.destroy()
    expectTypeOf<ReturnType<TellReference<Account>['deposit']>>().toEqualTypeOf<void>()
    // @ts-expect-error -- a tell has no result
    const told: number = this.tell(Account, to).deposit(1)
    const timer = this.after(1000).deposit(1)
    expectTypeOf(timer).toEqualTypeOf<TimerHandle>()
    // @ts-expect-error -- misspelt
    this.after(1000).depositt(1)
    // @ts-expect-error -- wrong argument
    this.after(1000).deposit('1')
    this.cancel(timer)
    void told
  }

  // @ts-expect-error -- touches takes a number where the method takes a string
  @message({ touches: (self, to: number) => [self.actor(Account, String(to))] })
  transferWrongly(to: string): void {
    void to
  }

  @message({ input: tuple })
  named(name: string, amount: number): void {
    void [name, amount]
  }

  // @ts-expect-error -- the schema makes a string of the first argument
  @message({ input: tuple })
  misnamed(name: number, amount: number): void {
    void [name, amount]
  }

  @query()
  statement(): string {
    return String(this.balance)
  }

  private secret(): number {
    return 1
  }

  reveal(): number {
    return this.secret()
  }
}

declare const account: Reference<Account>
declare const local: LocalReference<Account>

expectTypeOf(account.deposit).toEqualTypeOf<(amount: number) => Promise<number>>()
expectTypeOf(account.transfer).parameters.toEqualTypeOf<[to: string, amount: number]>()
expectTypeOf<keyof Reference<Account>>().toEqualTypeOf<
  'deposit' | 'transfer' | 'transferWrongly' | 'named' | 'misnamed' | 'statement' | 'reveal'
>()
expectTypeOf(local.statement).toEqualTypeOf<() => string>()

// @ts-expect-error -- await-less use of a result
export const sum: number = account.deposit(5) + 1
// @ts-expect-error -- await-less use of a result
export const upper: string = account.statement().toUpperCase()
// @ts-expect-error -- misspelt
void account.depositt(5)
// @ts-expect-error -- wrong argument
void account.deposit('5')
// @ts-expect-error -- missing argument
void account.transfer('bob')
// @ts-expect-error -- fields are not to be reached
void account.balance

class Sequence extends Actor {
  next = 1
  getNextId(): number {
    return this.next++
  }
}
registerActor(Sequence, { messages: { getNextId: {} }, queries: {}, transient: ['next'] })
// @ts-expect-error -- no such method
registerActor(Sequence, { messages: { getNextIdd: {} } })
// @ts-expect-error -- no such field
registerActor(Sequence, { transient: ['nextt'] })

// @ts-expect-error -- the constructor requires an argument
@actor()
export class Needy extends Actor {
  constructor(readonly size: number) {
    super()
  }
}
