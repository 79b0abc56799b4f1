// The vocabulary of real actors, as users write them: a bank whose money must add up, and registers to which lists are
// appended. It proves that decorated classes, with their fields tracked and their errors encoded, are as deterministic
// as the toys.

import { Actor, ActorError, ActorRegistry, actor, createProgram, message, query, reads } from '@streamy-db/actors'
import type { TimerHandle } from '@streamy-db/actors'
import { actorRef, freeze, type Call } from '@streamy-db/core'
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Vocabulary } from './vocabulary.ts'
import { weighted } from './weighted.ts'

/** One message, by names. */
export interface BankSaying {
  readonly type: 'Account' | 'Register'
  readonly key: string
  readonly message: string
  readonly args: readonly unknown[]
}

class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

@actor()
class Account extends Actor {
  balance = 0
  owner = { name: this.key, since: this.now, aliases: new Set<string>() }
  history: { what: string; amount: number }[] = []
  notes = new Map<string, unknown>()
  interestTimer: TimerHandle | undefined = undefined

  @message()
  deposit(amount: number): number {
    this.history.push({ what: 'deposit', amount })
    if (this.history.length > 6) this.history.shift()
    return (this.balance += amount)
  }

  @message()
  withdraw(amount: number): number {
    this.history.push({ what: 'withdraw', amount })
    if (amount > this.balance) throw new InsufficientFunds('not enough', { balance: this.balance, wanted: amount })
    return (this.balance -= amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
  }

  // Declares nothing: where there are partitions, it misses.
  @message()
  slip(to: string, amount: number): void {
    this.actor(Account, to).deposit(amount)
    this.withdraw(amount)
  }

  @message({ touches: (self, from: string) => [self.actor(Account, from)] })
  collect(from: string, amount: number): string {
    try {
      this.actor(Account, from).transfer(this.key, amount)
      return 'collected'
    } catch (error) {
      this.notes.set(from, error instanceof InsufficientFunds ? error.data : String(error))
      return 'noted'
    }
  }

  @message()
  send(to: string, amount: number): void {
    this.withdraw(amount)
    this.tell(Account, to).deposit(amount)
  }

  @message({ touches: (self, others: string[]) => others.map((other) => reads(self.actor(Account, other))) })
  audit(others: string[]): number {
    const total = others.reduce((sum, other) => sum + this.actor(Account, other).funds(), this.balance)
    this.notes.set('audit', { total, at: this.position })
    this.owner.aliases.add(`audited ${others.length}`)
    return total
  }

  @message()
  startInterest(milliseconds: number): void {
    this.interestTimer = this.after(milliseconds).addInterest()
  }

  @message()
  stopInterest(): boolean {
    const running = this.interestTimer
    this.interestTimer = undefined
    return running !== undefined && this.cancel(running)
  }

  @message()
  addInterest(): void {
    this.balance += Math.floor(this.random() * 5)
    this.owner.name = this.uuid()
    if (this.balance % 2 === 0) this.actor(Register, 'x').append(this.balance)
  }

  @message()
  close(): void {
    this.destroy()
  }

  @query()
  funds(): number {
    return this.balance
  }

  @query()
  statement(): unknown {
    const { balance, owner, history, notes } = this
    return { balance, owner, history, notes }
  }
}

@actor()
class Register extends Actor {
  items: unknown[] = []
  last: unknown = null

  @message()
  append(item: unknown): number {
    this.last = item
    return this.items.push(item)
  }

  @message({ touches: (self, other: string) => [self.actor(Register, other)] })
  appendBoth(other: string, item: unknown): number[] {
    return [this.append(item), this.actor(Register, other).append([item, this.items.length])]
  }

  @message()
  fail(item: unknown): void {
    this.items.push(item)
    throw new TypeError(`no ${this.items.length}`)
  }

  @query()
  statement(): unknown {
    return [this.items, this.last]
  }
}

const accounts = ['a', 'b', 'c', 'd', 'e']
const registers = ['x', 'y', 'z']
const account = fc.constantFrom(...accounts)
const register = fc.constantFrom(...registers)
const amount = fc.integer({ min: 0, max: 40 })
const item = fc.oneof(
  fc.nat(99),
  fc.constantFrom<unknown>('text', null, undefined, 7n, [1, [2]], { a: 1, b: [undefined] }),
)
const delay = fc.constantFrom(0, 1, 20, 60_000)

const saying: Arbitrary<BankSaying> = fc.oneof(
  weighted(6, toAccount('deposit', amount)),
  weighted(3, toAccount('withdraw', amount)),
  weighted(6, toAccount('transfer', account, amount)),
  weighted(2, toAccount('slip', account, amount)),
  weighted(3, toAccount('collect', account, amount)),
  weighted(3, toAccount('send', account, amount)),
  weighted(2, toAccount('audit', fc.uniqueArray(account, { maxLength: 4 }))),
  weighted(2, toAccount('startInterest', delay)),
  weighted(1, toAccount('stopInterest')),
  weighted(1, toAccount('close')),
  weighted(1, toAccount('vanish')),
  weighted(3, toRegister('append', item)),
  weighted(3, toRegister('appendBoth', register, item)),
  weighted(1, toRegister('fail', item)),
)

/** Accounts and registers. */
export const bankVocabulary: Vocabulary<BankSaying> = {
  name: 'decorated actors',
  program: () => createProgram(new ActorRegistry([Account, Register])),
  saying,
  callOf,
  refs: [...accounts.map((key) => actorRef('Account', key)), ...registers.map((key) => actorRef('Register', key))],
  queries: (refs) => refs.map((ref) => ({ ref, message: 'statement', args: [] })),
}

function callOf({ type, key, message: name, args }: BankSaying): Call {
  return { ref: actorRef(type, key), message: name, args: args.map((arg) => freeze(arg, 'argument')) }
}

function toAccount(name: string, ...args: readonly Arbitrary<unknown>[]): Arbitrary<BankSaying> {
  return fc.record({ type: fc.constant('Account'), key: account, message: fc.constant(name), args: fc.tuple(...args) })
}

function toRegister(name: string, ...args: readonly Arbitrary<unknown>[]): Arbitrary<BankSaying> {
  return fc.record({
    type: fc.constant('Register'),
    key: register,
    message: fc.constant(name),
    args: fc.tuple(...args),
  })
}
