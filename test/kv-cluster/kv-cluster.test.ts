// The key-value layer as a client of a cluster uses it: a real server, two workers that share the keys, and clients, in
// one process. What the layer does over many partitions is tested without servers too, in packages/kv; here it meets the
// client's way to the workers, and lists that read the actors of both.

import { connect, KvTypeMismatch, type ClusterDatabase, type Kv } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTimeoutMs, TwoWorkers } from '../two-workers.ts'
import { Door } from './door.ts'

let workers: TwoWorkers
let client: ClusterDatabase
let other: ClusterDatabase

beforeAll(async () => {
  workers = await TwoWorkers.start({ name: 'kv', actors: [Door] })
  client = await connect(workers.server.url, { name: 'kv', actors: [Door] })
  other = await connect(workers.server.url, { name: 'kv' })
}, startTimeoutMs)

afterAll(async () => {
  await client?.close()
  await other?.close()
  await workers?.stop()
}, startTimeoutMs)

test('gives back what was set, to every client, and several keys as of one moment', async () => {
  const kv = client.kv<{ name: string }>('people')
  const keys = Array.from({ length: 40 }, (_, index) => ['users', index] as const)
  const written = await Promise.all(keys.map((key) => kv.set(key, { name: `user ${key[1]}` })))
  const elsewhere = other.kv<{ name: string }>('people')
  expect(await elsewhere.get(['users', 7])).toEqual({
    key: ['users', 7],
    value: { name: 'user 7' },
    version: written[7]!.version,
  })
  const found = await elsewhere.getMany([...keys, ['users', 'nobody']])
  expect(found.map(({ value }) => value?.name)).toEqual([...keys.map(([, index]) => `user ${index}`), undefined])
  expect(found.map(({ version }) => version)).toEqual([...written.map(({ version }) => version), undefined])
})

test('deletes, and says whether there was something', async () => {
  const kv = client.kv<number>('deleted')
  await kv.set(['a'], 1)
  expect(await kv.delete(['a'])).toMatchObject({ deleted: true })
  expect(await kv.delete(['a'])).toMatchObject({ deleted: false })
  expect(await other.kv('deleted').get(['a'])).toEqual({ key: ['a'], value: undefined, version: undefined })
  expect(await other.kv('deleted').list({}).toArray()).toEqual([])
})

test('sums of several clients on one key all count; one that meets text changes nothing', async () => {
  const spaces = [client.kv<number | string>('sums'), other.kv<number | string>('sums')]
  await Promise.all(Array.from({ length: 60 }, (_, index) => spaces[index % 2]!.sum(['count'], 1)))
  expect(await client.kv('sums').get(['count'])).toMatchObject({ value: 60 })
  expect(await client.kv<number>('sums').max(['high'], 5)).toMatchObject({ value: 5 })
  expect(await client.kv<number>('sums').min(['high'], 3)).toMatchObject({ value: 3 })
  expect(await client.kv<string>('sums').append(['text'], 'ab')).toMatchObject({ value: 'ab' })
  await expect(client.kv<number>('sums').sum(['text'], 1)).rejects.toBeInstanceOf(KvTypeMismatch)
  expect(await client.kv('sums').get(['text'])).toMatchObject({ value: 'ab' })
})

test('an atomic commit happens as a whole, or not at all', async () => {
  const kv = client.kv<number>('atomic')
  const { version } = await kv.set(['a'], 1)
  const commit = await kv
    .atomic()
    .check({ key: ['a'], version })
    .set(['a'], 2)
    .set(['b'], 2)
    .sum(['c'], 7)
    .commit()
  expect(commit).toMatchObject({ ok: true })
  const stale = await other
    .kv<number>('atomic')
    .atomic()
    .check({ key: ['a'], version })
    .set(['d'], 3)
    .commit()
  expect(stale).toMatchObject({ ok: false, failed: { index: 0, entry: { value: 2 } } })
  expect(await valuesOf(kv)).toEqual([2, 2, 7])
})

test('a transaction asserts over keys and ranges, updates, and reads what it has made', async () => {
  const kv = client.kv<number>('shop')
  await kv.set(['stock', 'tea'], 3)
  const sell = {
    asserts: [
      { key: ['stock', 'tea'], gte: 2 },
      { range: { prefix: ['blocked'] }, empty: true },
    ],
    updates: [
      { sum: ['stock', 'tea'], value: -2 },
      { sum: ['sold'], value: 2 },
    ],
    gets: [['stock', 'tea'], { range: { prefix: ['stock'] } }],
  } as const
  const sold = await kv.transact(sell)
  expect(sold).toMatchObject({ ok: true, gets: [{ value: 1 }, { entries: [{ key: ['stock', 'tea'], value: 1 }] }] })
  expect(await kv.transact(sell)).toMatchObject({ ok: false, failed: { index: 0, entry: { value: 1 } } })
  await kv.set(['stock', 'tea'], 9)
  await kv.set(['blocked', 'tea'], 1)
  expect(await kv.transact(sell)).toMatchObject({ ok: false, failed: { index: 1, count: 1 } })
  expect(await kv.get(['sold'])).toMatchObject({ value: 2 })
})

test('lists keys of both workers in order, over several leaves and pages, as of one moment', async () => {
  const kv = client.kv<number>('sorted')
  const count = 700
  await fill(kv, count)
  const list = other.kv<number>('sorted').list({ prefix: ['n'] })
  expect((await list.next()).value).toMatchObject({ key: ['n', 0], value: 0 })
  await Promise.all([kv.delete(['n', 650]), kv.set(['n', 651], -1), kv.set(['n', 650.5], -1)])
  const rest = await list.toArray()
  expect(rest.map(({ value }) => value)).toEqual(Array.from({ length: count - 1 }, (_, index) => index + 1))
  expect(list.version).toMatch(/./)
  const now = kv.list({ start: ['n', 649], end: ['n', 653] })
  expect((await now.toArray()).map(({ key, value }) => [key[1], value])).toEqual([
    [649, 649],
    [650.5, -1],
    [651, -1],
    [652, 652],
  ])
})

test('lists backwards, and goes on behind a cursor', async () => {
  const kv = client.kv<number>('backwards')
  await fill(kv, 12)
  const last = kv.list({ prefix: ['n'] }, { reverse: true, limit: 5 })
  expect((await last.toArray()).map(({ value }) => value)).toEqual([11, 10, 9, 8, 7])
  const { cursor } = last
  const next = kv.list({ prefix: ['n'] }, { reverse: true, limit: 2, ...(cursor !== undefined && { cursor }) })
  expect((await next.toArray()).map(({ value }) => value)).toEqual([6, 5])
})

test('deletes a range', async () => {
  const kv = client.kv<number>('ranges')
  await fill(kv, 20)
  expect(await kv.deleteRange({ start: ['n', 5], end: ['n', 15] })).toMatchObject({ deleted: 10 })
  expect(await valuesOf(kv)).toEqual([0, 1, 2, 3, 4, 15, 16, 17, 18, 19])
})

test('functions that read and then write lose no update, whoever runs them', async () => {
  const spaces = [client.kv<number>('functions'), other.kv<number>('functions')]
  const increment = (kv: Kv<number>): Promise<void> =>
    kv.transaction(async (tx) => {
      const { value = 0 } = await tx.get(['count'])
      tx.set(['count'], value + 1)
    })
  for (let round = 0; round < 5; round++) await Promise.all(spaces.map(increment))
  expect(await client.kv('functions').get(['count'])).toMatchObject({ value: 10 })
})

test('entries and actors take part in one transaction, and handlers use entries', async () => {
  const badges = client.kv<string>('badges')
  const front = client.actor(Door, 'front')
  expect(await front.issue('0017', 'Ada')).toBe(1)
  expect(await front.open('0017')).toBe('welcome, Ada')
  await client.transaction(async (tx) => {
    const entries = []
    for await (const { value } of tx.kv(badges).list({})) entries.push(value)
    if (entries.length === 1) tx.kv(badges).delete(['0017'])
    void tx.actor(Door, 'back').issue('0018', 'Bob')
  })
  expect(await front.open('0017')).toBe('no such badge')
  expect(await client.actor(Door, 'back').open('0018')).toBe('welcome, Bob')
  expect(await other.kv('counts').get(['issued'])).toMatchObject({ value: 2 })
})

test('everything is there when a worker has left', async () => {
  await workers.two.close()
  expect(await client.kv('people').list({}).toArray()).toHaveLength(40)
  expect(await valuesOf(client.kv<number>('ranges'))).toHaveLength(10)
  await client.kv<number>('ranges').set(['n', 5], 5)
  expect(await valuesOf(other.kv<number>('ranges'))).toHaveLength(11)
})

async function fill(kv: Kv<number>, count: number): Promise<void> {
  const size = 100
  for (let first = 0; first < count; first += size) {
    const indices = Array.from({ length: Math.min(size, count - first) }, (_, index) => first + index)
    await Promise.all(indices.map((index) => kv.set(['n', index], index)))
  }
}

async function valuesOf(kv: Kv<number>): Promise<number[]> {
  return (await kv.list({}).toArray()).map(({ value }) => value)
}
