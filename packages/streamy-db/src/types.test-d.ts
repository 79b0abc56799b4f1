// What must compile and what must not. This file is compiled and never run: every line below `@ts-expect-error` is an
// error, or the compiler says that it is none.

import { Actor, actor, message, open, query, reads, registerActor } from './index.ts'
import type { Database, LocalReference, Reference, TellReference, TimerHandle } from './index.ts'

@actor()
class Account extends Actor {
  balance = 0
  private readonly secret = 1
  timer: TimerHandle | undefined = undefined

  @message()
  deposit(amount: number, note?: string): number {
    return (this.balance += amount + this.secret * (note ?? '').length)
  }

  @message({ touches: (self, to: string) => [reads(self.actor(Account, to))] })
  handlers(to: string): void {
    const local: LocalReference<Account> = this.actor(Account, to)
    const balance: number = local.deposit(1)
    // @ts-expect-error a call within a transaction is no promise
    void local.deposit(1).then
    const told: TellReference<Account> = this.tell(Account, to)
    const nothing: void = told.deposit(1)
    // @ts-expect-error a tell has no result
    const result: number = told.deposit(1)
    // @ts-expect-error a tell takes what the message takes
    told.deposit('1')
    this.timer = this.after(1).deposit(5)
    // @ts-expect-error a timer takes what the message takes
    this.after(1).deposit('5')
    // @ts-expect-error there is no such message
    this.after(1).deposti(5)
    // @ts-expect-error Actor's own members are not to be called through a reference
    local.destroy()
    // @ts-expect-error nor are those that layers add
    local.kv('space')
    const limit: number | undefined = this.kv<number>('limits').get([to]).value
    void limit
    void [balance, nothing, result]
  }

  @query()
  statement(): string {
    return `${this.balance}`
  }
}

declare const db: Database

export async function entries(): Promise<void> {
  const people = db.kv<{ name: string }, ['users', number]>('people')
  const { value, version } = await people.get(['users', 42])
  const name: string | undefined = value?.name
  // @ts-expect-error there may be no entry
  const certain: string = value.name
  // @ts-expect-error a key of another kind
  await people.get(['users', '42'])
  // @ts-expect-error a value of another kind
  await people.set(['users', 42], { nam: 'Ada' })
  // @ts-expect-error a sum of what is no number
  await people.sum(['users', 42], 1)
  await people
    .atomic()
    .check({ key: ['users', 42], version })
    .set(['users', 42], { name: 'Ada' })
    .commit()
  // @ts-expect-error a misspelt assert
  await people.transact({ asserts: [{ key: ['users', 42], vale: { name: 'Ada' } }] })
  for await (const { key, value: found } of people.list({ prefix: ['users'] }))
    void [key[1].toFixed(), found.name.length]
  const counts = db.kv<bigint>('counts')
  const total: bigint = (await counts.sum(['visits'], 1n)).value
  // @ts-expect-error a number where the space holds bigints
  await counts.sum(['visits'], 1)
  const result = await counts.transact({ updates: [{ sum: ['visits'], value: 1n }] })
  // @ts-expect-error what failed is known only of what failed
  void result.failed
  if (!result.ok) void result.failed.entry?.value
  await db.transaction(async (tx) => {
    const before: bigint | undefined = (await tx.kv(counts).get(['visits'])).value
    // @ts-expect-error buffered writes have no result
    const after: bigint = tx.kv(counts).sum(['visits'], 1n)
    void [before, after]
  })
  void [name, certain, total]
}

export async function calls(): Promise<void> {
  const balance: number = await db.actor(Account, 'a').deposit(1)
  const noted: number = await db.actor(Account, 'a').deposit(1, 'note')
  const text: string = await db.actor(Account, 'a').statement()
  // @ts-expect-error a misspelt message
  await db.actor(Account, 'a').deposti(1)
  // @ts-expect-error a wrong argument
  await db.actor(Account, 'a').deposit('1')
  // @ts-expect-error a missing argument
  await db.actor(Account, 'a').deposit()
  // @ts-expect-error one argument too many
  await db.actor(Account, 'a').deposit(1, 'note', 2)
  // @ts-expect-error a result that nobody has awaited
  const unawaited: number = db.actor(Account, 'a').deposit(1)
  // @ts-expect-error a result of another type
  const wrong: string = await db.actor(Account, 'a').deposit(1)
  // @ts-expect-error a key is a string
  db.actor(Account, 1)
  // @ts-expect-error only classes of actors have references
  db.actor(Date, 'a')
  void [balance, noted, text, unawaited, wrong]
}

export function members(reference: Reference<Account>): void {
  // @ts-expect-error a field is not to be read from outside
  void reference.balance
  // @ts-expect-error nor is a private one
  void reference.secret
  // @ts-expect-error Actor's own members are for handlers
  void reference.now
  // @ts-expect-error the same
  reference.after(1)
  // @ts-expect-error the same
  reference.actor(Account, 'b')
  // @ts-expect-error the same
  reference.destroy()
  // @ts-expect-error a reference is no promise
  void reference.then
}

export async function transactions(): Promise<void> {
  const done: string = await db.transaction(async (tx) => {
    const text: string = await tx.actor(Account, 'a').statement()
    void tx.actor(Account, 'b').deposit(1)
    // @ts-expect-error a misspelt message
    void tx.actor(Account, 'b').deposti(1)
    // @ts-expect-error no transactions within transactions
    await tx.transaction(async () => {})
    return text
  })
  // @ts-expect-error a result of another type
  const wrong: number = await db.transaction(async () => 'text')
  void [done, wrong]
}

export async function opens(): Promise<void> {
  await using opened = await open('./data', { actors: [Account] })
  // @ts-expect-error the actors are required
  await open('./data')
  // @ts-expect-error not a class of actors
  await open('./data', { actors: [Date] })
  // @ts-expect-error a misspelt option
  await open('./data', { actors: [Account], actorsCacheMax: 1 })
  // @ts-expect-error there is no such consistency
  opened.actor(Account, 'a', { consistency: 'eventual' })
}

export async function past(): Promise<void> {
  const view = await db.at(db.position)
  const text: string = await view.actor(Account, 'a').statement()
  await db.at(new Date())
  // @ts-expect-error neither a position nor a date
  await db.at('yesterday')
  for await (const change of db.changes({ actors: [Account], from: 0 })) {
    const balance: number | undefined = change.after?.balance
    // @ts-expect-error a field that Account does not have
    void change.after?.balanse
    // @ts-expect-error messages are no fields
    void change.after?.deposit
    // @ts-expect-error what was, was
    if (change.before !== undefined) change.before.balance = 1
    void balance
  }
  for await (const change of db.changes({ actors: [Account, Plain] })) {
    // @ts-expect-error one of several classes: which one is not known
    void change.after?.count
    void change.position
  }
  for await (const change of db.changes({ actors: ['Account'] })) {
    const field: unknown = change.after?.['balance']
    void field
  }
  const totals = await db.project('totals', {
    actors: [Account],
    apply: async (changes, { position, snapshot }) => {
      const balances: (number | undefined)[] = changes.map(({ after }) => after?.balance)
      void [balances, position satisfies number, snapshot satisfies boolean]
    },
  })
  await totals.caughtUpTo(db.position)
  // @ts-expect-error there is nothing to apply
  await db.project('totals', { actors: [Account] })
  void text
}

class Plain extends Actor {
  count = 0

  add(by: number): number {
    return (this.count += by)
  }
}

registerActor(Plain, { messages: { add: {} }, queries: {} })
// @ts-expect-error a misspelt message
registerActor(Plain, { messages: { ad: {} } })
// @ts-expect-error a field is no message
registerActor(Plain, { messages: { count: {} } })

export class Declared extends Actor {
  // @ts-expect-error what `touches` takes must be what the message takes
  @message({ touches: (self, to: number) => [self.actor(Account, String(to))] })
  send(to: string): string {
    return to
  }
}
