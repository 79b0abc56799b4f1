// A client, a front desk and an engine over one log and one bad network: whatever is lost, repeated or overtaken,
// every call happens exactly once and the caller learns what came of it. Each run is a function of its seed, which its
// name shows.

import { Actor, actor, ActorError, ActorRegistry, createProgram, message, query } from '@streamy-db/actors'
import { actorRef, MemoryLog, Random, type Log } from '@streamy-db/core'
import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../manual-clock.ts'
import { connectCluster } from './client/connect-cluster.ts'
import type { ConnectOptions } from './client/client-options.ts'
import type { ClusterDatabase } from './client/cluster-database.ts'
import { describeActors } from './front-desk/describe-actors.ts'
import { FrontDesk } from './front-desk/front-desk.ts'
import { patienceFrom } from './patience.ts'
import { EngineHost } from '../testing/engine-host.ts'
import { MemoryBusNetwork, type BusFaults } from '@streamy-db/core/testing'

class InsufficientFunds extends ActorError<{ balance: number; wanted: number }> {}

@actor()
class Account extends Actor {
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

  /** Reaches an account that it does not declare. */
  @message()
  payRent(to: string, amount: number): void {
    this.withdraw(amount)
    this.actor(Account, to).deposit(amount)
  }

  @query()
  value(): number {
    return this.balance
  }

  @query()
  sumWith(others: readonly string[]): number {
    return others.reduce((sum, other) => sum + this.actor(Account, other).value(), this.balance)
  }
}

@actor()
class Sequence extends Actor {
  next = 1

  @message()
  getNextId(): number {
    return this.next++
  }
}

const partitions = 4
const startMs = 1_000_000
const bad: BusFaults = { loss: 0.2, repeat: 0.2, reorder: true }
const registry = new ActorRegistry([Account, Sequence])
const program = createProgram(registry)

/** A log whose acknowledgements get lost now and then. It tries again itself, and has sometimes forgotten the id (L3). */
class LossyLog extends MemoryLog {
  readonly #random: Random
  readonly #clock: ManualClock

  constructor(clock: ManualClock, seed: string) {
    super(() => clock.now())
    this.#clock = clock
    this.#random = new Random(`log ${seed}`)
  }

  override async append(bytes: Uint8Array, id?: string): Promise<number> {
    while (this.#random.next() < 0.2) {
      // Either the entry got lost on its way, or the acknowledgement did.
      if (this.#random.next() < 0.5) await super.append(bytes, this.#random.next() < 0.5 ? id : undefined)
      await new Promise<void>((wake) => this.#clock.alarm(this.#clock.now() + 30_000, wake))
    }
    return await super.append(bytes, id)
  }
}

class World {
  readonly clock = new ManualClock(startMs)
  readonly network: MemoryBusNetwork
  readonly log: Log
  readonly host: EngineHost
  readonly desk: FrontDesk
  readonly #seed: string
  #clients = 0

  constructor(seed: string, faults: BusFaults) {
    this.#seed = seed
    this.network = new MemoryBusNetwork(seed, faults)
    this.log = new LossyLog(this.clock, seed)
    const bus = this.network.connect()
    this.host = new EngineHost({ log: this.log, program, partitions, bus })
    const own = { session: 'worker.1', patience: patienceFrom(250), actors: describeActors(registry) }
    this.desk = new FrontDesk({ host: this.host, bus, clock: this.clock, program, name: 'bank', ...own })
    this.desk.own([0, 1, 2, 3])
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<ClusterDatabase> {
    const randomness = new Random(`${this.#seed} ${this.#clients++}`)
    // The client closes what it opened; the worker's log goes on.
    const openLog = async (): Promise<Log> => ({
      append: (bytes, id) => this.log.append(bytes, id),
      tail: () => this.log.tail(),
      first: () => this.log.first(),
      read: (from, signal) => this.log.read(from, signal),
      trim: (before) => this.log.trim(before),
      close: async () => {},
    })
    const parts = { bus: this.network.connect(), clock: this.clock, randomness, openLog }
    return await this.settle(connectCluster(parts, { name: 'bank', ...options }))
  }

  /** Carries messages and lets time pass until `promise` is settled. */
  async settle<Result>(promise: Promise<Result>): Promise<Result> {
    const progress = { settled: false }
    const settle = (): void => void (progress.settled = true)
    promise.then(settle, settle)
    for (let round = 0; round < 20_000; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (progress.settled) return await promise
      this.network.run()
      this.clock.advance(5)
    }
    throw new Error('It does not come to an end.')
  }

  /** The balance of an account as the engine holds it. */
  balance(key: string): unknown {
    return this.host.engine.query({ ref: actorRef('Account', key), message: 'value', args: [] }).value
  }
}

let world: World

afterEach(() => {
  world.desk.close()
  world.host.stop()
})

describe.each(['1', '2', '3', '4', '5'])('under loss, repeats and reordering, seed %s', (seed) => {
  test('ids are given out once each, whoever asks', async () => {
    world = new World(seed, bad)
    const clients = [await world.connect({ actors: [Sequence] }), await world.connect({ actors: [Sequence] })]
    const ids: number[] = []
    for (let round = 0; round < 10; round++) {
      const asked = clients.flatMap((client) => ['x', 'x', 'x'].map((key) => client.actor(Sequence, key).getNextId()))
      ids.push(...(await world.settle(Promise.all(asked))))
    }
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
    await world.settle(Promise.all(clients.map((client) => client.close())))
  })

  test('money moves and none is made, declared or not, and refusals are the caller’s', async () => {
    world = new World(seed, bad)
    const db = await world.connect({ actors: [Account], errors: [InsufficientFunds] })
    const keys = ['a', 'b', 'c', 'd', 'e']
    await world.settle(Promise.all(keys.map((key) => db.actor(Account, key).deposit(100))))
    const random = new Random(seed)
    const expected = new Map(keys.map((key) => [key, 100]))
    const move = async (): Promise<void> => {
      const [from, to] = [keys[Math.floor(random.next() * 5)]!, keys[Math.floor(random.next() * 5)]!]
      const amount = 1 + Math.floor(random.next() * 60)
      const account = db.actor(Account, from)
      const moving = random.next() < 0.5 ? account.transfer(to, amount) : account.payRent(to, amount)
      try {
        await moving
      } catch (error) {
        if (error instanceof InsufficientFunds) return
        throw error
      }
      expected.set(from, expected.get(from)! - amount)
      expected.set(to, expected.get(to)! + amount)
    }
    for (let round = 0; round < 12; round++) await world.settle(Promise.all([move(), move(), move()]))
    expect(keys.map((key) => world.balance(key))).toEqual(keys.map((key) => expected.get(key)))
    const values = await world.settle(Promise.all(keys.map((key) => db.actor(Account, key).value())))
    expect(values).toEqual(keys.map((key) => expected.get(key)))
  })

  test('transactions of several clients on the same accounts are as if one after the other', async () => {
    world = new World(seed, bad)
    const clients = [await world.connect({ actors: [Account] }), await world.connect({ actors: [Account] })]
    await world.settle(Promise.all(['a', 'b'].map((key) => clients[0]!.actor(Account, key).deposit(50))))
    // Each moves what it has read, so a write between its reads and its commit would make or lose money.
    const swap = (client: ClusterDatabase, from: string, to: string): Promise<void> =>
      client.transaction(async (tx) => {
        const [a, b] = [await tx.actor(Account, from).value(), await tx.actor(Account, to).value()]
        expect(a + b).toBe(100)
        const amount = Math.floor(a / 3)
        void tx.actor(Account, from).withdraw(amount)
        void tx.actor(Account, to).deposit(amount)
      })
    for (let round = 0; round < 4; round++)
      await world.settle(Promise.all([swap(clients[0]!, 'a', 'b'), swap(clients[1]!, 'b', 'a')]))
    expect(Number(world.balance('a')) + Number(world.balance('b'))).toBe(100)
  })
})

describe('over a good network', () => {
  test('a client without classes calls what the workers have', async () => {
    world = new World('plain', {})
    const db = await world.connect()
    const [alice, bob] = ['alice', 'bob'].map((key) => db.actor<Account>('Account', key)) as [
      ReturnType<typeof db.actor<Account>>,
      ReturnType<typeof db.actor<Account>>,
    ]
    await world.settle(alice.deposit(10))
    const before = world.host.entries.length
    await world.settle(alice.transfer('bob', 3))
    // The footprint was asked for, so nothing was missed and one entry did it.
    expect(world.host.entries.length).toBe(before + 1)
    expect(await world.settle(bob.value())).toBe(3)
    await expect(world.settle(alice.withdraw(100))).rejects.toMatchObject({
      name: 'InsufficientFunds',
      data: { balance: 7, wanted: 100 },
    })
    expect(await world.settle(alice.sumWith(['bob']))).toBe(10)
  })

  test('a message that has missed once costs one entry from then on (F5)', async () => {
    world = new World('missed', {})
    const db = await world.connect({ actors: [Account] })
    await world.settle(db.actor(Account, 'a').deposit(100))
    const pay = async (to: string): Promise<number> => {
      const before = world.host.entries.length
      await world.settle(db.actor(Account, 'a').payRent(to, 1))
      return world.host.entries.length - before
    }
    expect([await pay('b'), await pay('c'), await pay('d')]).toEqual([2, 1, 1])
  })

  test('a key makes a message happen once, whoever sends it, also a client that comes later', async () => {
    world = new World('keyed', {})
    const send = async (amount: number): Promise<number> => {
      const db = await world.connect({ actors: [Account] })
      return await world.settle(db.actor(Account, 'a', { idempotencyKey: 'order 7' }).deposit(amount))
    }
    expect([await send(5), await send(5)]).toEqual([5, 5])
    expect(world.balance('a')).toBe(5)
  })

  test('a client of an idle database is not refused as expired', async () => {
    world = new World('idle', {})
    const db = await world.connect({ actors: [Account] })
    await world.settle(db.actor(Account, 'a').deposit(1))
    world.clock.advance(60 * 60_000)
    expect(await world.settle(db.actor(Account, 'a').deposit(1))).toBe(2)
    world.clock.advance(9 * 60_000)
    expect(await world.settle(db.actor(Account, 'a', { consistency: 'session' }).value())).toBe(2)
    world.clock.advance(9 * 60_000)
    expect(await world.settle(db.actor(Account, 'a').deposit(1))).toBe(3)
  })

  test('a snapshot that is gone costs a transaction another attempt, and nothing else', async () => {
    world = new World('gone', {})
    const db = await world.connect({ actors: [Account] })
    await world.settle(db.actor(Account, 'a').deposit(7))
    let runs = 0
    const moved = db.transaction(async (tx) => {
      runs += 1
      const value = await tx.actor(Account, 'a').value()
      if (runs === 1) world.host.oldestReadable = world.host.entries.length + 1
      const other = await tx.actor(Account, 'b').value()
      void tx.actor(Account, 'b').deposit(value + other)
    })
    // The next barrier is the first entry that can be read again.
    await world.settle(moved)
    expect([runs, world.balance('b')]).toEqual([2, 7])
  })
})
