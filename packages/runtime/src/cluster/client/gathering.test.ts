// When a client makes an entry of what has gathered. Goal: many small answers do not make as many small entries, and nobody
// waits for that who would notice. Method: forty requests are under way, some are answered after a tenth of a second.

import { Actor, actor, message } from '@streamy-db/actors'
import { positionOf, type Outcome } from '@streamy-db/core'
import { beforeEach, expect, test } from 'vitest'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import type { RequestReply } from '../protocol/client-message.ts'
import { clientLimits } from './client-limits.ts'
import type { ClusterDatabase } from './cluster-database.ts'

@actor()
class Counter extends Actor {
  count = 0

  @message()
  next(): number {
    return ++this.count
  }
}

const UNDER_WAY = clientLimits.gatherUnansweredMin
const GATHERED_AT_MOST_MS = clientLimits.gatherUsMax / 1000
const outcome: Outcome = { kind: 'committed', results: [1] }

let cluster: ScriptedCluster
let db: ClusterDatabase

beforeEach(async () => {
  cluster = new ScriptedCluster()
  db = await cluster.connect({ actors: [Counter] })
})

function call(times: number): void {
  for (let i = 0; i < times; i++) void db.actor(Counter, `c${i}`).next()
}

// Those with sequences from `from` to `to`.
async function answer(from: number, to: number): Promise<void> {
  const replies: RequestReply[] = []
  for (let sequence = from; sequence <= to; sequence++)
    replies.push({ sequence, position: positionOf(10, sequence), missed: false, outcome })
  const { logTime } = cluster
  await cluster.send(cluster.session, { kind: 'replies', logTime, replies })
}

// The last of them without an answer, after answers have come that took long.
async function keepUnderWay(requests: number): Promise<void> {
  call(UNDER_WAY + requests)
  await cluster.turns()
  cluster.appends[0]!.resolve(1)
  await cluster.advance(200)
  await answer(1, UNDER_WAY)
}

const sizes = (): number[] => cluster.appends.map(({ transactions }) => transactions.length)

test('few requests wait for more while many are under way, and go when their time is over', async () => {
  await keepUnderWay(UNDER_WAY)
  call(3)
  await cluster.turns()
  expect(sizes()).toEqual([2 * UNDER_WAY])
  call(2)
  await cluster.advance(GATHERED_AT_MOST_MS)
  expect(sizes()).toEqual([2 * UNDER_WAY, 5])
})

test('a few times as many as are under way go at once', async () => {
  const enough = clientLimits.gatherSmallTimes * UNDER_WAY
  await keepUnderWay(UNDER_WAY)
  call(enough - 1)
  await cluster.turns()
  expect(sizes()).toEqual([2 * UNDER_WAY])
  call(1)
  await cluster.turns()
  expect(sizes()).toEqual([2 * UNDER_WAY, enough])
})

test('as many as are under way go at once where they are many', async () => {
  const many = clientLimits.gatherSmallMax
  await keepUnderWay(many)
  call(many - 1)
  await cluster.turns()
  expect(sizes()).toEqual([UNDER_WAY + many])
  call(1)
  await cluster.turns()
  expect(sizes()).toEqual([UNDER_WAY + many, many])
})

test('what waits goes when answers leave few under way', async () => {
  await keepUnderWay(UNDER_WAY)
  call(3)
  await answer(UNDER_WAY + 1, UNDER_WAY + 1)
  expect(sizes()).toEqual([2 * UNDER_WAY, 3])
})

test('with few under way nothing waits', async () => {
  await keepUnderWay(UNDER_WAY - 1)
  call(3)
  await cluster.turns()
  expect(sizes()).toEqual([2 * UNDER_WAY - 1, 3])
})

test('where answers come faster than a timer nothing waits', async () => {
  call(2 * UNDER_WAY)
  await cluster.turns()
  cluster.appends[0]!.resolve(1)
  await answer(1, UNDER_WAY)
  call(3)
  await cluster.turns()
  expect(sizes()).toEqual([2 * UNDER_WAY, 3])
})
