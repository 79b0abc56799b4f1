// The past on a cluster: a client asks a front desk and its historian over a network that loses, repeats and reorders.
// Goal: what it is told folds to the state at every position, from every position on, also when the worker that tells it
// dies half-way and another, which starts from a checkpoint, goes on. Each run is a function of its seed.

import { Actor, actor, ActorRegistry, createProgram, message, query } from '@streamy-db/actors'
import {
  CELL_BYTES,
  endOfBatch,
  firstView,
  MemoryCheckpointStore,
  MemoryLog,
  Random,
  sequenceOf,
  type Log,
  type StateChange,
} from '@streamy-db/core'
import { MemoryBusNetwork, type BusFaults } from '@streamy-db/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import type { Change } from '../history/change.ts'
import { ProjectionActor } from '../history/projection-actor.ts'
import { layerPortOf } from '../layer-port.ts'
import { ManualClock } from '../manual-clock.ts'
import { EngineHost } from '../testing/engine-host.ts'
import { connectCluster } from './client/connect-cluster.ts'
import type { ClusterDatabase } from './client/cluster-database.ts'
import { describeActors } from './front-desk/describe-actors.ts'
import { FrontDesk } from './front-desk/front-desk.ts'
import { HistoryDesk } from './front-desk/history-desk.ts'
import { patienceFrom } from './patience.ts'
import { Checkpoints } from './worker/checkpoints.ts'
import { Historians } from './worker/historians.ts'
import { MemoryStateShelf } from './worker/state-shelf.ts'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }

  @message({ touches: (self, to: string) => [self.actor(Account, to)] })
  transfer(to: string, amount: number): void {
    this.balance -= amount
    this.actor(Account, to).deposit(amount)
  }

  /** Reaches an account that it does not declare. */
  @message()
  payRent(to: string, amount: number): void {
    this.balance -= amount
    this.actor(Account, to).deposit(amount)
  }

  @message()
  leave(): void {
    this.destroy()
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

const partitions = 4
const bad: BusFaults = { loss: 0.15, repeat: 0.2, reorder: true }
const registry = new ActorRegistry([Account, ProjectionActor])
const program = createProgram(registry)
const database = { id: 'db', seed: 'seed', partitions, fingerprint: program.fingerprint }
const keys = ['a', 'b', 'c', 'd', 'e']

class World {
  readonly clock = new ManualClock(1_000_000)
  readonly network: MemoryBusNetwork
  readonly log = new MemoryLog(() => this.clock.now())
  readonly checkpoints = new Checkpoints(new MemoryCheckpointStore())
  readonly host: EngineHost
  readonly #seed: string
  #desk: FrontDesk | undefined
  #historians: Historians | undefined
  #clients = 0
  #workers = 0

  constructor(seed: string, faults: BusFaults) {
    this.#seed = seed
    this.network = new MemoryBusNetwork(seed, faults)
    this.host = new EngineHost({ log: this.log, program, partitions, bus: this.network.connect() })
    this.startDesk()
  }

  startDesk(): void {
    const { log, clock, checkpoints } = this
    const rest = { firstView: firstView(partitions, ''), skip: new Set<number>(), cacheBytesMax: 100 * CELL_BYTES }
    const shared = { log, checkpoints, shelf: new MemoryStateShelf(), program, registry, database }
    this.#historians = new Historians({ ...shared, ...rest, logBytesMax: 2000 }, clock)
    const history = new HistoryDesk({ historians: this.#historians, log, program, clock })
    const session = `worker.${++this.#workers}`
    const own = { session, patience: patienceFrom(250), actors: describeActors(registry), history }
    const bus = this.network.connect()
    this.#desk = new FrontDesk({ host: this.host, bus, clock, program, name: 'bank', ...own })
    this.#desk.own([0, 1, 2, 3])
  }

  /** The worker that answers dies. */
  async stopDesk(): Promise<void> {
    this.#desk?.close()
    await this.#historians?.close()
  }

  /** What the owners of all partitions would save, and the log before it trimmed. */
  async checkpoint(): Promise<void> {
    const { engine } = this.host
    const progress = { ...engine.scanned }
    const capture = engine.captureState()!
    const changes = [...capture.changes()]
    engine.stateFlushed()
    for (let partition = 0; partition < partitions; partition++) {
      const head = { database, progress, view: firstView(partitions, ''), partition }
      await this.checkpoints.save(head, entriesOf(changes, partition))
      await this.checkpoints.completeIfWhole(head)
    }
    await this.log.trim(progress.sequence)
  }

  async connect(): Promise<ClusterDatabase> {
    const randomness = new Random(`${this.#seed} ${this.#clients++}`)
    const { log } = this
    // The client closes what it opened; the worker's log goes on.
    const openLog = async (): Promise<Log> => ({
      append: (bytes, id) => log.append(bytes, id),
      tail: () => log.tail(),
      first: () => log.first(),
      read: (from, signal) => log.read(from, signal),
      trim: (before) => log.trim(before),
      close: async () => {},
    })
    const parts = { bus: this.network.connect(), clock: this.clock, randomness, openLog }
    return await this.settle(connectCluster(parts, { name: 'bank', actors: [Account], deadlineMs: 240_000 }))
  }

  /** Carries messages and lets time pass until `promise` is settled. */
  async settle<Result>(promise: Promise<Result>): Promise<Result> {
    const progress = { settled: false }
    const settle = (): void => void (progress.settled = true)
    promise.then(settle, settle)
    for (let round = 0; round < 100_000; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (progress.settled) return await promise
      this.network.run()
      this.clock.advance(5)
    }
    throw new Error('It does not come to an end.')
  }

  async stop(): Promise<void> {
    await this.stopDesk()
    this.host.stop()
  }
}

let world: World

afterEach(async () => {
  await world.stop()
})

describe.each(['1', '2', '3'])('under loss, repeats and reordering, seed %s', (seed) => {
  test('changes fold to what views and queries say, from every position on', async () => {
    world = new World(seed, bad)
    const db = await world.connect()
    const positions = await work(db, new Random(seed), 6)
    const all = await told(db, 0)
    expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).toSorted((x, y) => x - y))
    for (const [index, change] of all.entries())
      expect(change.before).toEqual(all.slice(0, index).findLast(({ ref }) => ref.id === change.ref.id)?.after)
    for (const position of positions) {
      expect(await told(db, position)).toEqual(all.filter((change) => change.position > position))
      const view = await world.settle(db.at(position))
      const expected = balancesAt(all, position)
      const values = keys.map((key) => view.actor(Account, key).value())
      expect(await world.settle(Promise.all(values))).toEqual(keys.map((key) => expected.get(key) ?? 0))
      const sum = await world.settle(view.actor(Account, 'a').sumWith(['b', 'c', 'd', 'e']))
      expect(sum).toBe([...expected.values()].reduce((total, each) => total + each, 0))
    }
  })

  test('a reader outlives the worker that told it, and one that starts from a checkpoint tells the same', async () => {
    world = new World(seed, bad)
    const db = await world.connect()
    await work(db, new Random(seed), 3)
    const changes = db.changes({ from: 0 })
    const first = [await next(changes), await next(changes)]
    await work(db, new Random(`${seed} more`), 3)
    const all = await told(db, 0)
    await world.stopDesk()
    await world.checkpoint()
    const checkpointed = endOfBatch(world.host.engine.captured.sequence)
    world.startDesk()
    await work(db, new Random(`${seed} still more`), 3)
    const rest = await told(db, checkpointed)
    const last = rest.at(-1)!.position
    // What the reader has not seen lies partly before the checkpoint.
    const refused = await world.settle(
      drain(changes).then(
        () => undefined,
        (error: unknown) => error,
      ),
    )
    expect(refused).toMatchObject({ code: 'HISTORY_TRIMMED', oldest: checkpointed })
    expect(first).toEqual(all.slice(0, 2))
    expect(last).toBeGreaterThan(checkpointed)
    const balances = balancesAt([...all, ...rest], last)
    const view = await world.settle(db.at(last))
    for (const key of keys) expect(await world.settle(view.actor(Account, key).value())).toBe(balances.get(key) ?? 0)
    await expect(world.settle(db.at(all[0]!.position))).rejects.toMatchObject({ code: 'HISTORY_TRIMMED' })
  })

  test('a projection catches up, goes on elsewhere, and is told so', async () => {
    world = new World(seed, bad)
    const db = await world.connect()
    await work(db, new Random(seed), 3)
    const balances = new Map<string, number>()
    const snapshots: boolean[] = []
    const ends: unknown[] = []
    const start = (client: ClusterDatabase): ReturnType<typeof db.project> =>
      client.project('balances', {
        actors: [Account],
        onError: (error) => ends.push(error),
        apply: (changes, { snapshot }) => {
          snapshots.push(snapshot)
          for (const { ref, after } of changes)
            if (after === undefined) balances.delete(ref.key)
            else balances.set(ref.key, after.balance)
        },
      })
    const projection = await world.settle(start(db))
    await work(db, new Random(`${seed} more`), 3)
    await world.settle(projection.caughtUpTo(db.position))
    const held = new Map(balances)
    expect(held).toEqual(balancesAt(await told(db, 0), Infinity))
    const other = await world.connect()
    balances.clear()
    snapshots.length = 0
    const taken = await world.settle(start(other))
    await work(other, new Random(`${seed} other`), 2)
    await world.settle(taken.caughtUpTo(other.position))
    expect(snapshots).not.toContain(true)
    const now = balancesAt(await told(db, 0), Infinity)
    const changed = [...balances].filter(([key]) => keys.includes(key))
    expect(changed).toEqual(changed.map(([key]) => [key, now.get(key)]))
    const ended = world.settle(projection.caughtUpTo(Infinity))
    await expect(ended).rejects.toMatchObject({ code: 'PROJECTION_TAKEN' })
    expect(ends).toEqual([expect.objectContaining({ code: 'PROJECTION_TAKEN' })])
    await world.settle(taken.close())
    await world.settle(Promise.all([db.close(), other.close()]))
  })
})

describe('over a good network', () => {
  test('what has not happened is refused, and a view is as of a time', async () => {
    world = new World('time', {})
    const db = await world.connect()
    await world.settle(db.actor(Account, 'a').deposit(1))
    world.clock.advance(60_000)
    const between = new Date(world.clock.now() / 1000 - 30_000)
    await world.settle(db.actor(Account, 'a').deposit(1))
    const view = await world.settle(db.at(between))
    expect(await world.settle(view.actor(Account, 'a').value())).toBe(1)
    await expect(world.settle(db.at(2 ** 40))).rejects.toMatchObject({ code: 'POSITION_UNKNOWN' })
    await expect(world.settle(view.actor(Account, 'a').deposit(1))).rejects.toMatchObject({ code: 'QUERY_WRITES' })
  })

  test('layers get the fields of what they ask for, and an idle historian is let go of', async () => {
    world = new World('layers', {})
    const db = await world.connect()
    const from = db.position
    await world.settle(db.actor(Account, 'a').deposit(3))
    const changes = layerPortOf(db).changes({ types: ['Account'], from })
    const first = await world.settle(changes.next())
    expect(first.value).toMatchObject({ changes: [{ before: undefined, after: { balance: 3 } }] })
    expect(sequenceOf(first.value!.upTo)).toBeGreaterThan(sequenceOf(from))
    await world.settle(changes.return!())
    world.clock.advance(120_000)
    await world.settle(db.actor(Account, 'a').deposit(1))
    const again = await world.settle(db.changes({ from }).next())
    expect(again.value).toMatchObject({ after: { balance: 3 } })
  })

  test('a reader ends with its client', async () => {
    world = new World('closing', {})
    const db = await world.connect()
    const waiting = db.changes().next()
    await world.settle(db.close())
    expect(await world.settle(waiting)).toMatchObject({ done: true })
  })
})

// Random work of one client; the positions that it saw.
async function work(db: ClusterDatabase, random: Random, rounds: number): Promise<readonly number[]> {
  const any = (): string => keys[Math.floor(random.next() * keys.length)]!
  const positions: number[] = []
  for (let round = 0; round < rounds; round++) {
    const sent = Array.from({ length: 4 }, () => {
      const [account, kind, amount] = [db.actor(Account, any()), random.next(), 1 + Math.floor(random.next() * 9)]
      if (kind < 0.4) return account.deposit(amount)
      if (kind < 0.7) return account.transfer(any(), amount)
      return kind < 0.9 ? account.payRent(any(), amount) : account.leave()
    })
    await world.settle(Promise.all(sent))
    positions.push(db.position)
  }
  return positions
}

// All changes behind a position, up to a deposit that marks the end.
async function told(db: ClusterDatabase, from: number): Promise<readonly Change[]> {
  const mark = `end ${from} ${world.clock.now()}`
  await world.settle(db.actor(Account, mark).deposit(1))
  const changes: Change[] = []
  const reading = db.changes({ actors: [Account], from })
  for (;;) {
    const change = await next(reading)
    if (change.ref.key === mark) break
    if (!change.ref.key.startsWith('end')) changes.push(change)
  }
  await world.settle(reading.return!())
  return changes
}

async function next(changes: AsyncIterator<Change>): Promise<Change> {
  const { done, value } = await world.settle(changes.next())
  if (done === true) throw new Error('The changes have ended.')
  return value
}

async function drain(changes: AsyncIterable<Change>): Promise<void> {
  for await (const _ of changes);
}

function balancesAt(changes: readonly Change[], position: number): Map<string, number> {
  const balances = new Map<string, number>()
  for (const change of changes) {
    if (change.position > position) break
    if (change.after === undefined) balances.delete(change.ref.key)
    else balances.set(change.ref.key, change.after['balance'] as number)
  }
  return new Map([...balances].filter(([key]) => keys.includes(key)))
}

function* entriesOf(
  changes: readonly StateChange[],
  partition: number,
): Iterable<{ readonly key: string; readonly value: Uint8Array }> {
  const prefix = new RegExp(`^[asrot]${partition.toString(16).padStart(4, '0')}/`)
  for (const { key, value } of changes) if (value !== undefined && prefix.test(key)) yield { key, value }
}
