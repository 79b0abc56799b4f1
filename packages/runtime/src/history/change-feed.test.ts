// ChangeFeed over an engine that a test drives: what is kept in memory is bounded however slow a reader is, nobody listening
// means that nothing is recorded, and who is behind gets the rest from the log (F1, F2).

import { Actor, actor, ActorRegistry, createProgram, message } from '@streamy-db/actors'
import {
  actorRef,
  BatchBuilder,
  endOfBatch,
  Engine,
  indexedPartitions,
  MemoryLog,
  MemoryStateStore,
  sequenceOf,
  StateHistory,
  type Commit,
  type Transaction,
} from '@streamy-db/core'
import { beforeEach, expect, test } from 'vitest'
import { ChangeFeed } from './change-feed.ts'
import { HistoryReplay } from './history-replay.ts'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  add(): void {
    this.count += 1
  }
}

const program = createProgram(new ActorRegistry([Counter]))
let log: MemoryLog
let engine: Engine
let feed: ChangeFeed
let replays: number

beforeEach(async () => {
  log = new MemoryLog(() => 0)
  const store = new MemoryStateStore()
  engine = new Engine({ program, store, partitions: 1, seed: 'seed', owned: () => true })
  const retention = { logBytesMax: Infinity, ageUsMax: Infinity }
  const history = await StateHistory.open(store, { ...retention, code: program.fingerprint, skip: [] })
  const replay = new HistoryReplay({ program, partitions: 1, seed: 'seed', log, history })
  replays = 0
  const counted: typeof replay.commits = (...args) => {
    replays += 1
    return replay.commits(...args)
  }
  feed = new ChangeFeed({ engine, replay: { commits: counted }, commitsMax: 10 })
})

test('memory is bounded while a reader sleeps, and it misses nothing', async () => {
  const reading = feed.read(0, new AbortController().signal)
  await execute(1)
  const seen = [...(await reading.next()).value!.commits]
  for (let batch = 0; batch < 50; batch++) {
    await execute(3)
    expect(feed.size).toBeLessThanOrEqual(10)
  }
  while (seen.length < 151) seen.push(...(await reading.next()).value!.commits)
  expect(seen.map(({ position }) => position)).toEqual(positionsOf(1, ...Array.from({ length: 50 }, () => 3)))
  expect(replays).toBeGreaterThan(0)
  await reading.return(undefined)
})

test('a batch of more than is kept comes whole', async () => {
  const reading = feed.read(0, new AbortController().signal)
  await execute(1)
  await reading.next()
  await execute(100)
  expect((await commitsUpTo(reading, 2)).length).toBe(100)
  await reading.return(undefined)
})

test('nothing is recorded while nobody reads', async () => {
  await execute(3)
  expect(feed.size).toBe(0)
  const reading = feed.read(endOfBatch(1), new AbortController().signal)
  const told = reading.next()
  await execute(2)
  expect((await told).value!.commits.length).toBe(2)
  expect(feed.size).toBe(2)
  await reading.return(undefined)
  expect(feed.size).toBe(0)
})

test('a reader is told how far it has seen everything, also where there was nothing', async () => {
  const reading = feed.read(0, new AbortController().signal)
  await execute(1)
  expect((await reading.next()).value!.upTo).toBe(endOfBatch(1))
  await execute(0)
  expect((await reading.next()).value).toEqual({ commits: [], upTo: endOfBatch(2) })
  await reading.return(undefined)
})

test('an error of the engine ends readers with it, also those that wait', async () => {
  const reading = feed.read(0, new AbortController().signal)
  const waiting = reading.next()
  feed.end(new Error('the disk is gone'))
  await expect(waiting).rejects.toThrow('the disk is gone')
})

async function execute(count: number): Promise<void> {
  const builder = new BatchBuilder()
  const call = { ref: actorRef('Counter', 'a'), message: 'add', args: [] }
  const transaction: Transaction = {
    request: undefined,
    attempt: 1,
    source: undefined,
    asserts: [],
    calls: [call],
    touches: [],
  }
  for (let index = 0; index < count; index++) builder.add(transaction, indexedPartitions(transaction, 1))
  await log.append(builder.take())
  for await (const [entry] of log.read(engine.next)) {
    engine.deliver(entry!)
    break
  }
  engine.takeEffects()
  feed.executed()
}

async function commitsUpTo(
  reading: AsyncGenerator<{ readonly commits: readonly Commit[]; readonly upTo: number }>,
  sequence: number,
): Promise<readonly Commit[]> {
  const commits: Commit[] = []
  for (;;) {
    const { value } = await reading.next()
    commits.push(...value.commits)
    if (sequenceOf(value.upTo) >= sequence) return commits
  }
}

function positionsOf(...counts: readonly number[]): number[] {
  return counts.flatMap((count, batch) => Array.from({ length: count }, (_, index) => (batch + 1) * 4096 + index + 1))
}
