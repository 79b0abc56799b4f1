// CommitCollector alone: the order in which commits come out, and what becomes of several at one position (C1, C2).

import { expect, test } from 'vitest'
import type { ActorRecord, ActorValue } from './actor-record.ts'
import { CommitCollector, type Commit } from './commit.ts'
import { actorRef } from './transaction.ts'

// The collector only compares records.
const record = (version: number): ActorRecord => ({ version, value: {} as ActorValue, timers: [] })
const [r1, r2, r3] = [record(1), record(2), record(3)]

function commit(
  position: number,
  key: string,
  before: ActorRecord | undefined,
  after: ActorRecord | undefined,
): Commit {
  return { position, logTime: 0, ref: actorRef('T', key), before, after }
}

test('commits come in the order of positions, whatever the order in which they resolved', () => {
  const collector = new CommitCollector()
  for (const [position, key] of [
    [30, 'a'],
    [10, 'b'],
    [20, 'c'],
  ] as const)
    collector.sink(commit(position, key, undefined, r1))
  expect(collector.take(20).map(({ position }) => position)).toEqual([10, 20])
  collector.sink(commit(25, 'd', undefined, r1))
  expect(collector.take().map(({ position }) => position)).toEqual([25, 30])
  expect(collector.take()).toEqual([])
})

test('several commits of one actor at one position are one, and what comes to nothing is none', () => {
  const collector = new CommitCollector()
  collector.sink(commit(10, 'a', r1, r2))
  collector.sink(commit(10, 'b', undefined, r1))
  collector.sink(commit(10, 'a', r2, r3))
  collector.sink(commit(10, 'b', r1, undefined))
  collector.sink(commit(11, 'c', undefined, undefined))
  expect(collector.take()).toEqual([commit(10, 'a', r1, r3)])
})
