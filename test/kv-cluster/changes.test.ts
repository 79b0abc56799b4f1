// What happened, as clients of a real cluster are told it: changes, views, projections and watched keys, from workers that
// share the partitions; also after the one that tells them has left, and its successor has begun from a checkpoint.

import { connect, type ClusterDatabase } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTimeoutMs, TwoWorkers } from '../two-workers.ts'
import { Door } from './door.ts'

let workers: TwoWorkers
let client: ClusterDatabase

beforeAll(async () => {
  workers = await TwoWorkers.start({ name: 'past', actors: [Door] })
  client = await connect(workers.server.url, { name: 'past', actors: [Door] })
}, startTimeoutMs)

afterAll(async () => {
  await client?.close()
  await workers?.stop()
}, startTimeoutMs)

test('a watch begins with a snapshot, follows, and goes on behind a version', async () => {
  const kv = client.kv<number>('watched')
  await kv.set(['a'], 1)
  const batches = kv.watch([['a'], ['b']])
  const first = await next(batches)
  expect(first).toMatchObject({ snapshot: true, entries: [{ value: 1 }, { value: undefined }] })
  const versions: string[] = []
  for (let value = 2; value < 6; value++) {
    const { version } = await kv.set(['a'], value)
    versions.push(version)
    expect(await next(batches)).toMatchObject({ version, entries: [{ value }] })
  }
  await batches.return!()
  const resumed = kv.watch({ prefix: [] }, { from: versions[1]! })
  expect((await next(resumed)).version).toBe(versions[2])
  await resumed.return!()
  expect(await kv.get(['a'], { at: versions[0]! })).toMatchObject({ value: 2 })
  expect(await kv.list({}, { at: first.version }).toArray()).toMatchObject([{ value: 1 }])
})

test('changes, views and projections go on when the worker that told them leaves', { timeout: 120_000 }, async () => {
  const door = client.actor(Door, 'front')
  const from = client.position
  await door.open('nobody')
  await client.kv('badges').set(['1'], 'Ada')
  await door.open('1')
  const opened = client.position
  await door.open('1')
  const view = await client.at(opened)
  const changes = client.changes({ actors: [Door], from })
  const told: unknown[] = []
  const seen = new Map<string, number>()
  const projection = await client.project('doors', {
    actors: [Door],
    apply: (batch) => {
      for (const { ref, after } of batch) seen.set(ref.key, after?.opened ?? 0)
    },
  })
  await projection.caughtUpTo(client.position)
  expect(seen.get('front')).toBe(2)
  for (let count = 0; count < 3; count++) told.push((await next(changes)).after?.opened)
  // Whichever of the two tells of the past: the other one takes over.
  const { one, two } = workers
  const teller = one.status.view?.owners[0] === 'one' ? one : two
  await teller.close()
  await door.open('1')
  await projection.caughtUpTo(client.position)
  expect(seen.get('front')).toBe(3)
  told.push((await next(changes)).after?.opened)
  await changes.return!()
  expect(told).toEqual([0, 1, 2, 3])
  expect(view.position).toBe(opened)
})

async function next<Item>(items: AsyncIterator<Item>): Promise<Item> {
  const { done, value } = await items.next()
  if (done === true) throw new Error('It has ended.')
  return value
}
