// What a message and a query do to an actor: results, state, what is undone, and what is refused.

import { StreamyError } from '@streamy-db/core'
import { describe, expect, test } from 'vitest'
import { Actor, actor, ActorError, message, query, transient } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

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
    if (amount > this.balance) throw new InsufficientFunds('not enough', { balance: this.balance, wanted: amount })
    return (this.balance -= amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
  }

  @message()
  depositThenFail(amount: number): void {
    this.deposit(amount)
    throw new Error('no')
  }

  /** Goes on after a call that deposits into this very actor, and into another, and then fails. */
  @message()
  survive(other: string): string {
    const { history } = this
    this.deposit(1)
    for (const key of [this.key, other]) {
      try {
        this.actor(Account, key).depositThenFail(10)
      } catch {
        // What it did is undone.
      }
    }
    return `${this.balance} ${history.length} ${history === this.history}`
  }

  @message()
  sameAgain(): void {
    this.balance += 0
    this.history.push({ amount: 0 })
    this.history.pop()
  }

  @query()
  statement(): string {
    return `${this.key} has ${this.balance}`
  }

  @query()
  entries(): { amount: number }[] {
    return this.history
  }
}

const promised = Promise.resolve(1)

@actor()
class Careless extends Actor {
  count = 0
  list: number[] = []
  value: unknown = null;

  [name: string]: unknown

  @message()
  assignUndeclared(): void {
    this['forgotten'] = 1
  }

  @message()
  store(what: string): void {
    this.value = what === 'function' ? () => 1 : what === 'instance' ? new Date(0).constructor : new URL('http://x')
  }

  @message()
  nestedQuery(which: string): string {
    this.count += 1
    const self = this.actor(Careless, this.key)
    try {
      if (which === 'assign') self.assignInQuery()
      else self.pushInQuery()
      return 'allowed'
    } catch (error) {
      return `${codeOf(error)} ${this.count} ${this.list.length}`
    }
  }

  @query()
  assignInQuery(): void {
    this.count = 5
  }

  @query()
  pushInQuery(): void {
    this.list.push(1)
  }

  @query()
  messageInQuery(): void {
    this.actor(Careless, 'other').assignUndeclared()
  }

  @query()
  undeclaredInQuery(): void {
    this['forgotten'] = 1
  }

  @query()
  destroyInQuery(): void {
    this.destroy()
  }

  @message()
  promise(): unknown {
    return promised
  }

  @message()
  overflow(): number {
    return this.overflow() + 1
  }

  @message()
  catchOverflow(): string {
    try {
      this.actor(Careless, 'deep').overflow()
    } catch {
      return 'went on'
    }
    return 'no overflow'
  }
}

describe('a message', () => {
  test('changes state and returns a result', () => {
    const world = new ActorWorld(Account)
    expect(world.actor(Account, 'alice').deposit(5)).toBe(5)
    expect(world.actor(Account, 'alice').deposit(2)).toBe(7)
    expect(world.actor(Account, 'alice').statement()).toBe('alice has 7')
    expect(world.actor(Account, 'alice').entries()).toEqual([{ amount: 5 }, { amount: 2 }])
  })

  test('reaches another actor in the same transaction', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    world.actor(Account, 'alice').transfer('bob', 2)
    expect(world.last.writes.map((write) => write.ref.id)).toEqual(['Account/alice', 'Account/bob'])
    expect(world.actor(Account, 'bob').statement()).toBe('bob has 2')
  })

  test('that throws leaves no trace, and its error is the one thrown', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    const before = world.snapshot()
    expect(() => world.actor(Account, 'alice').transfer('bob', 50)).toThrow(InsufficientFunds)
    expect(world.snapshot()).toEqual(before)
  })

  test('that catches what its callee threw goes on without what the callee did, on both actors', () => {
    const world = new ActorWorld(Account)
    expect(world.actor(Account, 'alice').survive('bob')).toBe('1 1 true')
    expect(world.last.writes.map((write) => write.ref.id)).toEqual(['Account/alice'])
    expect(world.actor(Account, 'alice').entries()).toEqual([{ amount: 1 }])
  })

  test('that changes nothing in effect writes nothing, and keeps the very value', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    world.actor(Account, 'alice').sameAgain()
    expect(world.last.writes).toEqual([])
  })

  test('creates the actor even when it changes nothing', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').sameAgain()
    expect(world.last.writes).toHaveLength(1)
  })

  test('passes on a footprint miss', () => {
    const world = new ActorWorld(Account)
    world.actor(Account, 'alice').deposit(5)
    world.outside.add('Account/bob')
    expect(() => world.actor(Account, 'alice').transfer('bob', 1)).toThrow('outside the declared footprint')
  })

  test('may not return a promise', () => {
    const world = new ActorWorld(Careless)
    expect(codeOf(() => world.actor(Careless, 'x').promise())).toBe('HANDLER_ASYNC')
  })

  test('may not assign a field that the class does not declare', () => {
    const world = new ActorWorld(Careless)
    expect(() => world.actor(Careless, 'x').assignUndeclared()).toThrow(/no field forgotten.*initial value/s)
    expect(codeOf(() => world.actor(Careless, 'x').assignUndeclared())).toBe('STATE_FIELD_UNDECLARED')
    expect(world.records.size).toBe(0)
  })

  test.each(['function', 'instance', 'url'])('may not store a %s', (what) => {
    const world = new ActorWorld(Careless)
    expect(() => world.actor(Careless, 'x').store(what)).toThrow('field value of Careless')
    expect(codeOf(() => world.actor(Careless, 'x').store(what))).toBe('VALUE_NOT_ENCODABLE')
  })

  test('that overflows the stack is fatal, even when its caller catches', () => {
    const world = new ActorWorld(Careless)
    expect(codeOf(() => world.actor(Careless, 'x').overflow())).toBe('HANDLER_FATAL')
    expect(codeOf(() => world.actor(Careless, 'x').catchOverflow())).toBe('HANDLER_FATAL')
    expect(world.actor(Careless, 'x').nestedQuery('assign')).toContain('QUERY_WRITES')
  })

  test('that is unknown is refused with the known ones, whatever its name', () => {
    const world = new ActorWorld(Account)
    for (const name of ['depositt', '__proto__', 'constructor', 'toString', 'key', 'statement'])
      expect(codeOf(() => world.transact(world.call('Account', 'a', name)))).toBe('MESSAGE_UNKNOWN')
    expect(() => world.transact(world.call('Account', 'a', 'depositt'))).toThrow(/Messages of Account: deposit,/)
    expect(codeOf(() => world.query(world.call('Account', 'a', 'deposit')))).toBe('MESSAGE_UNKNOWN')
  })

  test('to a type that is unknown is refused, whatever its name', () => {
    const world = new ActorWorld(Account)
    for (const type of ['Acount', '__proto__', 'constructor'])
      expect(codeOf(() => world.transact(world.call(type, 'a', 'deposit', 1)))).toBe('ACTOR_UNKNOWN')
  })
})

describe('a query', () => {
  test('of an actor that does not exist sees initial values and creates nothing', () => {
    const world = new ActorWorld(Account)
    expect(world.actor(Account, 'nobody').statement()).toBe('nobody has 0')
    expect(world.records.size).toBe(0)
  })

  test.each(['assignInQuery', 'pushInQuery', 'messageInQuery', 'destroyInQuery'] as const)(
    'may not write: %s',
    (name) => {
      const world = new ActorWorld(Careless)
      expect(codeOf(() => world.actor(Careless, 'x')[name]())).toBe('QUERY_WRITES')
      world.actor(Careless, 'x').nestedQuery('assign')
      expect(codeOf(() => world.actor(Careless, 'x')[name]())).toBe('QUERY_WRITES')
    },
  )

  test('may not assign a field that the class does not declare', () => {
    const world = new ActorWorld(Careless)
    expect(codeOf(() => world.actor(Careless, 'x').undeclaredInQuery())).toBe('STATE_FIELD_UNDECLARED')
  })

  test('within a message that has changed the actor still may not write, and what it did is undone', () => {
    const world = new ActorWorld(Careless)
    expect(world.actor(Careless, 'x').nestedQuery('assign')).toBe('QUERY_WRITES 1 0')
    expect(world.actor(Careless, 'x').nestedQuery('push')).toBe('QUERY_WRITES 2 0')
  })
})

describe('arguments and results', () => {
  @actor()
  class Keeper extends Actor {
    kept: number[] = []

    @message()
    keep(list: number[]): number[] {
      this.kept = list
      list.push(99)
      return list
    }

    @message()
    lend(to: string): string {
      const list = [1]
      const returned = this.actor(Keeper, to).keep(list)
      returned.push(5)
      return JSON.stringify([list, returned, this.actor(Keeper, to).all()])
    }

    @query()
    all(): number[] {
      return this.kept
    }
  }

  test('are copies: nothing mutable is shared between actors or with callers', () => {
    const world = new ActorWorld(Keeper)
    expect(world.actor(Keeper, 'a').lend('b')).toBe('[[1],[1,99,5],[1,99]]')
    const list = [7]
    world.actor(Keeper, 'c').keep(list)
    expect(list).toEqual([7])
    world.actor(Keeper, 'c').all().push(1)
    expect(world.actor(Keeper, 'c').all()).toEqual([7, 99])
  })

  test('keep Map, Set, Date, Uint8Array and bigint', () => {
    @actor()
    class Echo extends Actor {
      value: unknown = undefined
      @message() set(value: unknown): unknown {
        return (this.value = value)
      }
      @query() get(): unknown {
        return this.value
      }
    }
    const world = new ActorWorld(Echo)
    const value = {
      map: new Map([[1, 'a']]),
      set: new Set([1]),
      date: new Date(5),
      bytes: new Uint8Array([1, 2]),
      big: 5n,
    }
    expect(world.actor(Echo, 'a').set(value)).toEqual(value)
    expect(world.actor(Echo, 'a').get()).toEqual(value)
  })
})

describe('records of another version of the class', () => {
  function version(fields: () => Record<string, unknown>): new () => Actor & { bump(): unknown; show(): unknown } {
    @actor('Thing')
    class Thing extends Actor {
      constructor() {
        super()
        Object.assign(this, fields())
      }

      @message()
      bump(): unknown {
        const self = this as unknown as { count: number }
        self.count += 1
        return this.show()
      }

      @query()
      show(): unknown {
        return Object.fromEntries(
          Object.keys(fields()).map((name) => [name, (this as unknown as Record<string, unknown>)[name]]),
        )
      }
    }
    return Thing
  }

  test('take initial values for new fields and keep old ones untouched', () => {
    const First = version(() => ({ count: 0, old: { a: 1 } }))
    const Second = version(() => ({ added: ['new'], count: 0 }))
    const first = new ActorWorld(First)
    first.actor(First, 'a').bump()
    const before = first.snapshot()

    const second = new ActorWorld(Second)
    for (const [id, record] of first.records) second.records.set(id, record)
    expect(second.actor(Second, 'a').show()).toEqual({ added: ['new'], count: 1 })
    expect(second.snapshot()).toEqual(before)
    expect(second.actor(Second, 'a').bump()).toEqual({ added: ['new'], count: 2 })
    expect(second.snapshot()).not.toEqual(before)

    for (const [id, record] of second.records) first.records.set(id, record)
    expect(first.actor(First, 'a').bump()).toEqual({ count: 3, old: { a: 1 } })
  })
})

describe('a transient field', () => {
  @actor()
  class Memo extends Actor {
    computed = 0
    @transient() cache: Map<string, number> | undefined = undefined
    @transient() log: string[] = ['fresh']

    @message()
    compute(): string {
      this.computed += 1
      this.log.push('compute')
      return this.log.join()
    }

    @query()
    look(): string {
      this.cache ??= new Map([['a', 1]])
      this.log.push('look')
      return `${this.cache.size} ${this.log.join()}`
    }
  }

  test('starts anew in each transaction, is never stored, and may be assigned in a query', () => {
    const world = new ActorWorld(Memo)
    for (let i = 0; i < 2; i++) {
      expect(world.actor(Memo, 'a').compute()).toBe('fresh,compute')
      expect(world.actor(Memo, 'a').look()).toBe('1 fresh,look')
    }
    expect(Buffer.from([...world.snapshot().values()].join(''), 'hex').toString('latin1')).not.toContain('log')
  })

  test('alone changed is not a write', () => {
    @actor()
    class OnlyMemo extends Actor {
      count = 0
      @transient() seen = 0
      @message() see(): number {
        return ++this.seen
      }
    }
    const world = new ActorWorld(OnlyMemo)
    world.actor(OnlyMemo, 'a').see()
    expect(world.actor(OnlyMemo, 'a').see()).toBe(1)
    expect(world.last.writes).toEqual([])
  })
})

describe('the fingerprint', () => {
  test('is equal for equal code and differs with names, kinds and versions', () => {
    const make = (options: string | { name: string; version?: string }, kind: 'message' | 'query'): string => {
      @actor(options)
      class Thing extends Actor {
        @(kind === 'message' ? message() : query()) poke(): void {}
      }
      return new ActorWorld(Thing).program.fingerprint
    }
    expect(make('A', 'message')).toBe(make('A', 'message'))
    const all = [
      make('A', 'message'),
      make('B', 'message'),
      make('A', 'query'),
      make({ name: 'A', version: '2' }, 'message'),
    ]
    expect(new Set(all).size).toBe(4)
  })
})

test('errors thrown outside outcomes are StreamyErrors', () => {
  const world = new ActorWorld(Account)
  expect(() => world.transact(world.call('Nope', 'a', 'b'))).toThrow(StreamyError)
})
