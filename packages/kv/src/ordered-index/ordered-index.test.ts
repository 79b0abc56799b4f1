// The ordered index with leaves of their real size, on an embedded database: what it lists, forwards and backwards, at
// every edge of every leaf, while it splits and merges, and how full its leaves are.

import { Actor, registerActor } from '@streamy-db/actors'
import { type Database, layerPortOf, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { kvLimits } from '../limits.ts'
import { treeShape, type TreeShape } from '../testing/tree-check.ts'
import { IndexNode } from './index-node.ts'
import { nodeName, rootName } from './node-name.ts'
import { OrderedIndex } from './ordered-index.ts'

/** Uses an index in its handlers, as layers do. */
class Shelf extends Actor {
  add(keys: readonly string[], leaf?: string): string[] {
    return keys.map((key) => new OrderedIndex(this, 'shelf').insert(key, leaf))
  }
  take(keys: readonly string[], leaf?: string): void {
    for (const key of keys) new OrderedIndex(this, 'shelf').remove(key, leaf)
  }
  list(from: string, to: string | undefined, limit: number, descending: boolean): string[] {
    return [...new OrderedIndex(this, 'shelf').pages({ from, to }, { limit, descending })].flat()
  }
}
registerActor(Shelf, { messages: { add: {}, take: {} }, queries: { list: {} } })

let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: [Shelf, IndexNode] })
})
afterEach(async () => {
  await db.close()
})

const name = (number: number): string => String(number).padStart(6, '0')
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => name(from + index))

async function list(from = '', to?: string, limit = Infinity, descending = false): Promise<string[]> {
  return await db.actor(Shelf, 'a').list(from, to, limit, descending)
}

async function add(keys: readonly string[], perMessage = 100): Promise<void> {
  const messages: Promise<unknown>[] = []
  for (let at = 0; at < keys.length; at += perMessage)
    messages.push(db.actor(Shelf, 'a').add(keys.slice(at, at + perMessage)))
  await Promise.all(messages)
}

async function take(keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => db.actor(Shelf, 'a').take([key])))
}

/** What the index looks like once its tells have run. */
async function shape(): Promise<TreeShape> {
  for (let turn = 0; turn < 60; turn++) await db.actor(Shelf, 'b').take([])
  const port = layerPortOf(db)
  return await treeShape('shelf', async (call) => (await port.query([call]))[0])
}

test('an empty index lists nothing and leaves no node', async () => {
  expect(await list()).toEqual([])
  await add(['a'])
  await take(['b', 'a', 'a'])
  expect(await list()).toEqual([])
  expect(layerPortOf(db).partitions).toBe(1)
  expect(await db.actor(IndexNode, rootName('shelf')).head()).toBeUndefined()
})

test('ascending keys fill leaves to nine tenths, descending ones too, random ones to two thirds', async () => {
  await add(names(0, 6000))
  const ascending = await shape()
  expect(ascending).toMatchObject({ keys: names(0, 6000), levels: 2, offences: [] })
  expect(ascending.fill).toBeGreaterThan(0.85)
  await take(names(0, 6000))
  expect(await shape()).toMatchObject({ keys: [], offences: [] })
  await add(names(0, 6000).toReversed())
  const descending = await shape()
  expect(descending).toMatchObject({ keys: names(0, 6000), offences: [] })
  expect(descending.fill).toBeGreaterThan(0.85)
  await take(names(0, 6000))
  await add(names(0, 6000).toSorted((a, b) => ((Number(a) * 7919) % 6007) - ((Number(b) * 7919) % 6007)))
  const mixed = await shape()
  expect(mixed).toMatchObject({ keys: names(0, 6000), offences: [] })
  expect(mixed.fill).toBeGreaterThan(0.6)
})

test('a range is exact at both edges of every leaf, forwards and backwards', async () => {
  const all = names(0, 1500)
  await add(all)
  const edges: string[] = []
  for (let low: string | undefined = ''; low !== undefined;) {
    const page = await db.actor(IndexNode, nodeName('shelf', 0, low)).page('', undefined, Infinity, false)
    edges.push(...page.keys.slice(0, 2), ...page.keys.slice(-2), page.high ?? '~', `${page.keys[0]!}\x01`)
    low = page.high
  }
  expect(edges.length).toBeGreaterThan(30)
  for (const from of edges)
    for (const to of edges) {
      const expected = all.filter((key) => key >= from && key < to)
      expect(await list(from, to)).toEqual(expected)
      expect(await list(from, to, Infinity, true)).toEqual(expected.toReversed())
      expect(await list(from, to, 3)).toEqual(expected.slice(0, 3))
      expect(await list(from, to, 3, true)).toEqual(expected.toReversed().slice(0, 3))
    }
})

test('a list sees each key once while leaves split under it', async () => {
  const even = names(0, 4000).filter((_, index) => index % 2 === 0)
  const odd = names(0, 4000).filter((_, index) => index % 2 === 1)
  await add(even)
  const adding = add(odd, 7)
  for (let turn = 0; turn < 20; turn++) {
    const [forwards, backwards] = await Promise.all([list(), list('', undefined, Infinity, true)])
    for (const seen of [forwards, backwards.toReversed()]) {
      expect(seen).toEqual(seen.toSorted())
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.filter((key) => Number(key) % 2 === 0)).toEqual(even)
    }
    await db.actor(Shelf, 'b').take([])
  }
  await adding
  expect(await shape()).toMatchObject({ keys: names(0, 4000), offences: [] })
})

test('a queue, filled at one end and emptied at the other, keeps as many leaves as it has keys for', async () => {
  for (let turn = 0; turn < 12; turn++) {
    await add(names(turn * 1000, turn * 1000 + 1000))
    if (turn > 0) await take(names(turn * 1000 - 1000, turn * 1000))
  }
  const queue = await shape()
  expect(queue).toMatchObject({ keys: names(11_000, 12_000), offences: [] })
  expect(queue.leaves).toBeLessThanOrEqual(2 + Math.ceil(1000 / (kvLimits.indexNodeItemsMax * 0.85)))
})

test('a caller that knows the leaf saves the way, and one that is wrong is sent on', async () => {
  await add(names(0, 1000))
  const right = (await db.actor(Shelf, 'a').add([`${name(999)}a`]))[0]!
  expect(right).not.toBe(nodeName('shelf', 0, ''))
  for (const wrong of [nodeName('shelf', 0, ''), nodeName('shelf', 0, 'zzz'), rootName('shelf'), right]) {
    expect(await db.actor(Shelf, 'a').add([`${name(999)}b`], wrong)).toEqual([right])
    await db.actor(Shelf, 'a').take([`${name(999)}b`], wrong)
  }
  // Too far to the right, and a leaf that was never there: both lead back over the root, and leave no trace.
  expect(await db.actor(Shelf, 'a').add(['0'], right)).toEqual([nodeName('shelf', 0, '')])
  expect(await db.actor(IndexNode, nodeName('shelf', 0, 'zzz')).head()).toBeUndefined()
  expect((await shape()).offences).toEqual([])
})

test('nodes that somebody has written into abort the transaction and stop nothing', async () => {
  await add(names(0, 1000))
  await db.actor(IndexNode, nodeName('shelf', 0, '')).release(1000)
  const attempt = db.actor(Shelf, 'a').add([name(1)])
  await expect(attempt).rejects.toMatchObject({ name: 'IndexDamaged', data: { tree: 'shelf' } })
  await expect(list()).rejects.toMatchObject({ name: 'IndexDamaged' })
  expect(await db.actor(Shelf, 'a').add([name(5000)])).toHaveLength(1)
})
