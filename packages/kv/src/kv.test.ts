// The key-value layer as a client uses it, on an embedded database.

import { ManualClock, open } from '@streamy-db/runtime'
import { expect, test } from 'vitest'
import { kvActors, kvSpace } from './index.ts'

test('smoke', async () => {
  const db = await open(':memory:', { actors: kvActors })
  const kv = kvSpace(db, 'settings')
  await kv.set(['users', 42], { name: 'Ada' })
  const got = await kv.get<{ name: string }>(['users', 42])
  expect(got.value).toEqual({ name: 'Ada' })
  expect(
    await kv
      .atomic()
      .check({ key: ['users', 42], version: got.version })
      .set(['users', 42], { name: 'Ada L.' })
      .sum(['count'], 1n as never)
      .commit(),
  ).toMatchObject({ ok: true })
  const all = await kv.list({ prefix: ['users'] }, { limit: 100, reverse: true }).toArray()
  expect(all.map((e) => e.value)).toEqual([{ name: 'Ada L.' }])
  const result = await kv.transact({ asserts: [{ key: ['a'], value: 1 }], updates: [{ set: ['a'], value: 2 }] })
  expect(result).toMatchObject({ ok: false, failed: { index: 0, entry: { value: undefined } } })
  for (let i = 0; i < 3000; i++) void kv.set(['n', i], i)
  await kv.set(['n', 3000], 3000)
  expect((await kv.list({ prefix: ['n'] }).toArray()).map((e) => e.key[1])).toEqual(
    Array.from({ length: 3001 }, (_, i) => i),
  )
  expect((await kv.list({ prefix: ['n'] }, { reverse: true }).toArray()).map((e) => e.key[1])).toEqual(
    Array.from({ length: 3001 }, (_, i) => 3000 - i),
  )
  for (let i = 0; i < 3000; i++) void kv.delete(['n', i])
  await kv.delete(['n', 3000])
  expect(await kv.list({ prefix: ['n'] }).toArray()).toEqual([])
  void ManualClock
  await db.close()
})
