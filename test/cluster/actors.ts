// The actors that clusters under test run, and the demonstration: accounts, sequences, registers and lists, one for each
// workload of the checkers. What changes something replies the position at which it did, which the checkers compare with
// the order of real time.

import { Actor, actor, ActorError, message, query, type Position } from 'streamy-db'

export class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

/** What a message did, and at which position of the log. */
export interface Done<Reply> {
  readonly reply: Reply
  readonly position: Position
}

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
  transfer(to: string, amount: number): Done<null> {
    return this.move(to, amount)
  }

  /** The same, but its footprint has to be found out: each first attempt misses. */
  @message()
  transferUndeclared(to: string, amount: number): Done<null> {
    return this.move(to, amount)
  }

  @query()
  getBalance(): Done<number> {
    return { reply: this.balance, position: this.position }
  }

  private move(to: string, amount: number): Done<null> {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
    return { reply: null, position: this.position }
  }
}

@actor()
export class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): Done<number> {
    return { reply: this.next++, position: this.position }
  }
}

/** What a register holds. */
export type Content = number | null

@actor()
export class Register extends Actor {
  value: Content = null

  @message()
  write(value: number): Done<null> {
    this.value = value
    return { reply: null, position: this.position }
  }

  @message()
  compareAndSet(expected: Content, value: number): Done<boolean> {
    const matches = this.value === expected
    if (matches) this.value = value
    return { reply: matches, position: this.position }
  }

  @query()
  read(): Content {
    return this.value
  }
}

/** One step of a transaction over lists. */
export type ListStep = readonly ['append', string, number] | readonly ['read', string]

@actor()
export class List extends Actor {
  items: number[] = []

  @message()
  append(value: number): null {
    this.items.push(value)
    return null
  }

  @query()
  read(): readonly number[] {
    return this.items
  }

  /** Runs steps on any lists as one transaction; what each read, or null. */
  @message({ touches: (self, steps: readonly ListStep[]) => steps.map(([, key]) => self.actor(List, key)) })
  run(steps: readonly ListStep[]): Done<readonly (readonly number[] | null)[]> {
    return this.runSteps(steps)
  }

  /** The same, but its footprint has to be found out. */
  @message()
  runUndeclared(steps: readonly ListStep[]): Done<readonly (readonly number[] | null)[]> {
    return this.runSteps(steps)
  }

  private runSteps(steps: readonly ListStep[]): Done<readonly (readonly number[] | null)[]> {
    const reply = steps.map((step) => {
      const list = this.actor(List, step[1])
      return step[0] === 'append' ? list.append(step[2]) : list.read()
    })
    return { reply, position: this.position }
  }
}

export const actors = [Account, Sequence, Register, List]
