// The flusher alone: when it flushes, one at a time, and what it does to the log and when.

import { Actor, actor, ActorRegistry, createProgram, message } from '@streamy-db/actors'
import {
  actorRef,
  BatchBuilder,
  decodeProgress,
  Engine,
  indexedPartitions,
  MemoryLog,
  MemoryStateStore,
  progressKey,
} from '@streamy-db/core'
import type { Sequence, StateChange, Transaction } from '@streamy-db/core'
import { beforeEach, expect, test } from 'vitest'
import { StateFlusher, type FlushPolicy } from './state-flusher.ts'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  add(): void {
    this.count += 1
  }
}

/** A store whose changes take as long as the test wants. */
class HeldStore extends MemoryStateStore {
  readonly held: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  override async advance(changes: Iterable<StateChange>): Promise<void> {
    const taken = Array.from(changes)
    await new Promise<void>((resolve, reject) => this.held.push({ resolve, reject }))
    await super.advance(taken)
  }
}

const program = createProgram(new ActorRegistry([Counter]))
let store: HeldStore
let log: MemoryLog
let engine: Engine
let failures: Error[]
let flusher: StateFlusher

beforeEach(() => {
  store = new HeldStore()
  log = new MemoryLog(() => 0)
  engine = new Engine({ program, store, partitions: 1, seed: 'seed', owned: () => true })
  failures = []
  flusher = flusherWith({ changedBytesMax: 0 })
})

test('nothing is flushed before it is due', async () => {
  await execute('a')
  flusher.executed(999)
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(0)
})

test('a flush is due after so many bytes of log, in the background', async () => {
  await execute('a')
  flusher.executed(600)
  flusher.executed(400)
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(1)
  await execute('b')
  flusher.executed(5000)
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(1)
})

test('a flush is due after so many changed actors, and who executes waits when there are as many again', async () => {
  for (const key of ['a', 'b', 'c']) await execute(key)
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(1)
  for (const key of ['d', 'e', 'f']) await execute(key)
  const full = flusher.poll()
  expect(full).toBeInstanceOf(Promise)
  store.held[0]!.resolve()
  await full
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(2)
})

test('a flush is due after so many replaced records, in the background', async () => {
  engine = new Engine({ program, store, partitions: 2, seed: 'seed', owned: () => true })
  flusher = flusherWith({ changedBytesMax: 0 })
  for (let time = 0; time < 5; time++) await execute('a')
  expect(engine.replacedRecords).toBe(4)
  void flusher.poll()
  expect(store.held).toHaveLength(0)
  await execute('a')
  expect(flusher.poll()).toBeUndefined()
  expect(store.held).toHaveLength(1)
  expect(engine.replacedRecords).toBe(0)
})

test('small actors may pile up eightfold once a flush has shown that they are', async () => {
  flusher = flusherWith({ changedBytesMax: 1_000_000 })
  await flushThreeActors()
  for (let key = 0; key < 23; key++) await execute(`key-${key}`)
  void flusher.poll()
  expect(store.held).toHaveLength(1)
  await execute('key-23')
  void flusher.poll()
  expect(store.held).toHaveLength(2)
})

test('actors that are not small may not', async () => {
  flusher = flusherWith({ changedBytesMax: 10 })
  await flushThreeActors()
  for (const key of ['d', 'e', 'f']) await execute(key)
  void flusher.poll()
  expect(store.held).toHaveLength(2)
})

test('the store holds the state as of what was executed when the flush began', async () => {
  await execute('a')
  const flush = flusher.flush()
  await execute('b')
  expect(storedSequence()).toBe(0)
  store.held[0]!.resolve()
  await flush
  expect(storedSequence()).toBe(1)
  const next = flusher.flush()
  store.held[1]!.resolve()
  await next
  expect(storedSequence()).toBe(2)
})

test('the log is trimmed after the store holds it, and the last entry applied stays', async () => {
  for (const key of ['a', 'b', 'c']) await execute(key)
  const flush = flusher.flush()
  expect(await log.first()).toBe(1)
  store.held[0]!.resolve()
  await flush
  expect(await log.first()).toBe(3)
})

test('flushes follow each other', async () => {
  await execute('a')
  const first = flusher.flush()
  await execute('b')
  const second = flusher.flush()
  expect(store.held).toHaveLength(1)
  store.held[0]!.resolve()
  await first
  store.held[1]!.resolve()
  await second
  expect(storedSequence()).toBe(2)
})

test('nothing is written when nothing was executed', async () => {
  await flusher.flush()
  expect(store.held).toHaveLength(0)
})

test('a failure in the background is told, and the log is not trimmed', async () => {
  await execute('a')
  await execute('b')
  flusher.executed(1000)
  void flusher.poll()
  const failure = new Error('no space')
  store.held[0]!.reject(failure)
  await flusher.idle()
  await new Promise((resolve) => setImmediate(resolve))
  expect(failures).toEqual([failure])
  expect(await log.first()).toBe(1)
  expect(storedSequence()).toBe(0)
})

test('a failure of a flush that somebody waits for is that one’s', async () => {
  await execute('a')
  const flush = flusher.flush()
  const failure = new Error('no space')
  store.held[0]!.reject(failure)
  await expect(flush).rejects.toBe(failure)
  expect(failures).toEqual([])
})

function flusherWith({ changedBytesMax }: Pick<FlushPolicy, 'changedBytesMax'>): StateFlusher {
  const policy = { changedActorsMax: 3, changedBytesMax, logBytesMax: 1000, replacedRecordsMax: 5 }
  return new StateFlusher({ engine, store, log, policy, onFailure: (error) => failures.push(error) })
}

async function flushThreeActors(): Promise<void> {
  for (const key of ['a', 'b', 'c']) await execute(key)
  void flusher.poll()
  store.held[0]!.resolve()
  await flusher.idle()
}

async function execute(key: string): Promise<void> {
  const calls = [{ ref: actorRef('Counter', key), message: 'add', args: [] }]
  const transaction: Transaction = {
    request: undefined,
    attempt: 1,
    source: undefined,
    asserts: [],
    calls,
    touches: [],
  }
  const builder = new BatchBuilder()
  builder.add(transaction, indexedPartitions(transaction, engine.view.owners.length))
  const bytes = builder.take()
  const sequence = await log.append(bytes)
  engine.deliver({ sequence, appendTime: 0, bytes }, [transaction])
}

function storedSequence(): Sequence {
  const stored = store.get(progressKey)
  return stored === undefined ? 0 : decodeProgress(stored).sequence
}
