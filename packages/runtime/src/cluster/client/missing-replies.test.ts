// Requests of a client whose replies do not come: when it asks for them, whom, and how often.

import { Actor, actor, message } from '@streamy-db/actors'
import { actorRef, homeOf, partitionOf, type Outcome } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import type { ClusterDatabase } from './cluster-database.ts'

@actor()
class Account extends Actor {
  balance = 0

  @message()
  deposit(amount: number): number {
    return (this.balance += amount)
  }
}

let cluster: ScriptedCluster
let db: ClusterDatabase

beforeEach(async () => {
  cluster = new ScriptedCluster()
  db = await cluster.connect({ actors: [Account] })
})

const done = (...results: number[]): Outcome => ({ kind: 'committed', results })

describe('a reply that does not come', () => {
  test('is asked for again, of the owner of home, less and less often, and nothing is appended again', async () => {
    const deposited = db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    cluster.appends[0]!.resolve(1)
    const [transaction] = cluster.transactions
    await cluster.advance(249)
    expect(cluster.questions).toEqual([])
    const times: number[] = []
    for (let ms = 249; ms < 8000; ms += 1) {
      const before = cluster.questions.length
      cluster.clock.advance(1)
      if (ms % 50 === 0) await cluster.turns()
      else cluster.network.run()
      if (cluster.questions.length > before) times.push(ms + 1)
    }
    const asks = times.map((time, index) => time - (times[index - 1] ?? 0))
    expect(asks.slice(0, 5).map((ms) => Math.round(ms / 250))).toEqual([1, 2, 4, 8, 8])
    const session = transaction!.request!.session
    expect(cluster.questions[0]).toEqual({
      partition: homeOf(transaction!, 4),
      question: { kind: 'outcomes', session, sequences: [1] },
    })
    expect(cluster.appends).toHaveLength(1)
    await cluster.reply(transaction!, done(5))
    expect(await deposited).toBe(5)
  })

  test('is asked for at once when its home has a new owner, and only then', async () => {
    void db.actor(Account, 'a').deposit(5)
    await cluster.turns()
    const home = partitionOf(actorRef('Account', 'a'), 4)
    await cluster.notice((home + 1) % 4)
    expect(cluster.questions).toEqual([])
    await cluster.notice(0, 1, 2, 3)
    expect(cluster.questions.map(({ partition }) => partition)).toEqual([home])
  })

  test('is asked for together with others of the same home, in bounded questions', async () => {
    const count = 1030
    for (let number = 0; number < count; number++) void db.actor(Account, 'a').deposit(1)
    await cluster.turns()
    await cluster.advance(251)
    expect(cluster.asked('outcomes').map(({ sequences }) => sequences.length)).toEqual([1024, 6])
  })

  test('is asked for later where all answers take long: most are on their way', async () => {
    const depositIn = async (): Promise<void> => {
      void db.actor(Account, 'a').deposit(5)
      await cluster.turns()
      cluster.appends.at(-1)!.resolve(cluster.appends.length)
    }
    for (let call = 0; call < 200; call++) {
      await depositIn()
      await cluster.advance(200)
      await cluster.reply(cluster.transactions.at(-1)!, done(5))
    }
    await depositIn()
    await cluster.advance(600)
    expect(cluster.asked('outcomes')).toEqual([])
    await cluster.advance(300)
    expect(cluster.asked('outcomes')).toHaveLength(1)
  })
})
