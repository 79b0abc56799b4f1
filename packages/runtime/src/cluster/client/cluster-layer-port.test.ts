// What layers use of a cluster's client, against a worker that does what the test says: transactions with all results and
// footprints, and queries of one position, also when that is flushed over meanwhile.

import { Actor, registerActor } from '@streamy-db/actors'
import { actorRef, limits, positionOf, type Call, type Position } from '@streamy-db/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { layerPortOf, type LayerPort } from '../../layer-port.ts'
import { rejectionOf } from '../../testing/rejection-of.ts'
import { ScriptedCluster } from '../../testing/scripted-cluster.ts'
import type { ActorDescription } from '../protocol/welcome.ts'

class Entry extends Actor {
  value = 0

  set(value: number, leaf: string): void {
    this.value = value
    this.actor(Entry, leaf).set(value, leaf)
  }

  get(): number {
    return this.value
  }
}
registerActor(Entry, {
  messages: { set: { touches: (self, _value: number, leaf: string) => [self.actor(Entry, leaf)] } },
  queries: { get: {} },
})

const described: readonly ActorDescription[] = [
  {
    name: 'Described',
    handlers: [
      { name: 'set', kind: 'message', touches: true },
      { name: 'get', kind: 'query', touches: false },
    ],
  },
]
const end = (sequence: number): Position => positionOf(sequence, 4095)
const get = (key: string): Call => ({ ref: actorRef('Entry', key), message: 'get', args: [] })
const set = (key: string, leaf: string): Call => ({ ref: actorRef('Entry', key), message: 'set', args: [1, leaf] })

let cluster: ScriptedCluster
let port: LayerPort

beforeEach(async () => {
  cluster = new ScriptedCluster(4, described)
  port = layerPortOf(await cluster.connect({ actors: [Entry] }))
})

async function answer(index: number, value: number, position: Position): Promise<void> {
  await cluster.turns()
  const { id, session } = cluster.asked('query')[index]!
  await cluster.send(session, { kind: 'answer', id, position, logTime: 1, reads: [], value })
}

async function gone(index: number): Promise<void> {
  await cluster.turns()
  const { id, session } = cluster.asked('query')[index]!
  await cluster.send(session, { kind: 'snapshotGone', id })
}

const freshness = (): unknown[] => cluster.asked('query').map((query) => query.freshness)

describe('a transaction of calls', () => {
  test('declares what all its calls touch, once, and resolves with all results', async () => {
    const executed = port.execute([set('a', 'leaf'), set('b', 'leaf'), set('c', 'other')])
    await cluster.turns()
    const [transaction] = cluster.transactions
    expect(transaction!.calls.map(({ ref }) => ref.key)).toEqual(['a', 'b', 'c'])
    expect(transaction!.asserts).toEqual([])
    expect(transaction!.touches.map(({ ref, mode }) => [ref.key, mode])).toEqual([
      ['leaf', 'write'],
      ['other', 'write'],
    ])
    cluster.appends[0]!.resolve(10)
    await cluster.reply(transaction!, { kind: 'committed', results: [1, 2, 3] }, { position: positionOf(10, 3) })
    expect(await executed).toEqual({ results: [1, 2, 3], position: positionOf(10, 3) })
  })

  test('asks a worker for the footprint of what is not known here', async () => {
    const executed = port.execute([{ ref: actorRef('Described', 'a'), message: 'set', args: [] }])
    await cluster.turns()
    const { id, session } = cluster.asked('footprint')[0]!
    await cluster.send(session, { kind: 'footprint', id, touches: [{ ref: actorRef('Described', 'b'), mode: 'read' }] })
    const [transaction] = cluster.transactions
    expect(transaction!.touches).toMatchObject([{ ref: { key: 'b' }, mode: 'read' }])
    await cluster.reply(transaction!, { kind: 'committed', results: [0] })
    expect(await executed).toMatchObject({ results: [0] })
  })

  test('rejects with what a call threw', async () => {
    const failed = rejectionOf(port.execute([set('a', 'leaf')]))
    await cluster.turns()
    const error = { name: 'RangeError', message: 'too far', data: undefined }
    await cluster.reply(cluster.transactions[0]!, { kind: 'aborted', operation: 0, error })
    expect(await failed).toBeInstanceOf(RangeError)
  })

  test('is refused for an actor that nobody knows', async () => {
    const unknown = { ref: actorRef('Nobody', 'a'), message: 'set', args: [] }
    expect(await rejectionOf(port.execute([unknown]))).toMatchObject({ code: 'ACTOR_UNKNOWN' })
    expect(cluster.appends).toEqual([])
  })
})

describe('queries', () => {
  test('are all of the position that answered the first', async () => {
    const values = port.query([get('a'), get('b'), get('c')])
    await answer(0, 1, end(9))
    await answer(2, 3, end(9))
    await answer(1, 2, end(9))
    expect(await values).toEqual([1, 2, 3])
    const at = { kind: 'at', position: end(9) }
    expect(freshness()).toEqual([{ kind: 'strong' }, at, at])
  })

  test('begin again together when their position was flushed over', async () => {
    const values = port.query([get('a'), get('b')])
    await answer(0, 1, end(9))
    await gone(1)
    await answer(2, 5, end(12))
    await answer(3, 6, end(12))
    expect(await values).toEqual([5, 6])
    expect(freshness().slice(2)).toEqual([{ kind: 'strong' }, { kind: 'at', position: end(12) }])
  })

  test('give up with SNAPSHOT_EXPIRED when that happens every time', async () => {
    const failed = rejectionOf(port.query([get('a'), get('b')]))
    for (let attempt = 0; attempt < limits.transactionAttemptsMax; attempt++) {
      await answer(2 * attempt, 1, end(9 + attempt))
      await gone(2 * attempt + 1)
    }
    expect(await failed).toMatchObject({ code: 'SNAPSHOT_EXPIRED', kind: 'retry' })
    expect(cluster.asked('query')).toHaveLength(2 * limits.transactionAttemptsMax)
  })

  test('of nothing ask nothing', async () => {
    expect(await port.query([])).toEqual([])
    expect(cluster.questions).toEqual([])
  })
})

describe('a snapshot', () => {
  test('is of the position of its first query, and expires when that is flushed over', async () => {
    const snapshot = await port.snapshot()
    expect(snapshot.position).toBeUndefined()
    const [first, second] = [snapshot.query(get('a')), snapshot.query(get('b'))]
    await answer(0, 1, end(9))
    await answer(1, 2, end(9))
    expect([await first, await second, snapshot.position]).toEqual([1, 2, end(9)])
    const late = rejectionOf(snapshot.query(get('c')))
    await gone(2)
    expect(await late).toMatchObject({ code: 'SNAPSHOT_EXPIRED' })
    expect(freshness()[2]).toEqual({ kind: 'at', position: end(9) })
  })

  test('answers nothing once it was closed', async () => {
    const snapshot = await port.snapshot()
    snapshot.close()
    expect(await rejectionOf(snapshot.query(get('a')))).toMatchObject({ code: 'SNAPSHOT_EXPIRED' })
    expect(cluster.questions).toEqual([])
  })
})
