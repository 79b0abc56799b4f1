// What the key-value layer refuses, with which code, and that nothing was written then.

import { type Database, open } from '@streamy-db/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kvActors, kvLimits, kvSpace, type KvTransaction } from './index.ts'

let db: Database
beforeEach(async () => {
  db = await open(':memory:', { actors: kvActors })
})
afterEach(async () => {
  await db.close()
})

describe('what is refused', () => {
  const bad = (value: unknown): never => value as never

  test.each<[string, (kv: ReturnType<typeof kvSpace>) => unknown, string]>([
    ['no key', (kv) => kv.get(bad('users')), 'KEY_INVALID'],
    ['an empty key', (kv) => kv.set([], 1), 'KEY_INVALID'],
    ['a part that is none', (kv) => kv.get(bad(['a', null])), 'KEY_INVALID'],
    ['too long a key', (kv) => kv.set(['x'.repeat(3000)], 1), 'KEY_INVALID'],
    ['no value', (kv) => kv.set(['a'], undefined), 'VALUE_NOT_ENCODABLE'],
    ['a function', (kv) => kv.set(['a'], () => 1), 'VALUE_NOT_ENCODABLE'],
    ['an own __proto__', (kv) => kv.set(['a'], JSON.parse('{"__proto__":1}')), 'VALUE_NOT_ENCODABLE'],
    ['too large a value', (kv) => kv.set(['a'], new Uint8Array(kvLimits.valueBytesMax + 1)), 'VALUE_TOO_LARGE'],
    ['too long a text', (kv) => kv.append(['a'], 'é'.repeat(kvLimits.valueBytesMax / 2 + 1)), 'VALUE_TOO_LARGE'],
    ['no time to live', (kv) => kv.set(['a'], 1, { expireIn: 0 }), 'OPTIONS_INVALID'],
    ['half a millisecond', (kv) => kv.set(['a'], 1, { expireIn: 0.5 }), 'OPTIONS_INVALID'],
    ['a sum of text', (kv) => kv.sum(['a'], bad('1')), 'OPTIONS_INVALID'],
    ['a sum of NaN', (kv) => kv.sum(['a'], NaN), 'OPTIONS_INVALID'],
    ['an append of a number', (kv) => kv.append(['a'], 1), 'OPTIONS_INVALID'],
    ['a range that is none', (kv) => kv.list(bad(['a'])).toArray(), 'OPTIONS_INVALID'],
    ['a misspelt range', (kv) => kv.list(bad({ prefx: ['a'] })).toArray(), 'OPTIONS_INVALID'],
    ['a start outside of the prefix', (kv) => kv.list({ prefix: ['a'], start: ['b'] }).toArray(), 'OPTIONS_INVALID'],
    ['a negative limit', (kv) => kv.list({}, { limit: -1 }).toArray(), 'OPTIONS_INVALID'],
    ['a foreign cursor', (kv) => kv.list({}, { cursor: 'ä' }).toArray(), 'OPTIONS_INVALID'],
    ['an empty transaction', (kv) => kv.transact({}), 'TRANSACTION_INVALID'],
    ['an assert of nothing', (kv) => kv.transact({ asserts: [{ key: ['a'] }] }), 'TRANSACTION_INVALID'],
    ['a range assert of nothing', (kv) => kv.transact({ asserts: [{ range: {} }] }), 'TRANSACTION_INVALID'],
    ['an update that is none', (kv) => kv.transact({ updates: [bad({ put: ['a'] })] }), 'TRANSACTION_INVALID'],
    [
      'an update that is two',
      (kv) => kv.transact({ updates: [bad({ set: ['a'], delete: ['a'], value: 1 })] }),
      'TRANSACTION_INVALID',
    ],
    [
      'an inherited update',
      (kv) => kv.transact({ updates: [Object.create({ set: ['a'], value: 1 }) as never] }),
      'TRANSACTION_INVALID',
    ],
    [
      'a version that is none',
      (kv) =>
        kv
          .atomic()
          .check({ key: ['a'], version: 'x' })
          .set(['a'], 1)
          .commit(),
      'OPTIONS_INVALID',
    ],
    ['too many operations', (kv) => kv.transact(many(kvLimits.operationsPerTransactionMax + 1)), 'TRANSACTION_INVALID'],
  ])('%s', async (_, attempt, code) => {
    const kv = kvSpace(db, 'space')
    await expect((async () => await attempt(kv))()).rejects.toMatchObject({ code })
    expect(await kv.list({}).toArray()).toEqual([])
  })

  test.each(['', 'a/b', 'a\0b', '\ud800', 'x'.repeat(65), undefined, 5])('the space %j', (name) => {
    expect(() => kvSpace(db, bad(name))).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  })

  test('one operation on too large a range', async () => {
    const kv = kvSpace<number>(db, 'space')
    const count = kvLimits.rangeEntriesMax + 1
    for (let at = 0; at < count; at += 1000) await kv.transact(many(Math.min(1000, count - at), at))
    await expect(kv.deleteRange({})).rejects.toMatchObject({ name: 'KvRangeTooLarge' })
    await kv.delete([0])
    expect(await kv.deleteRange({})).toMatchObject({ deleted: kvLimits.rangeEntriesMax })
    expect(await kv.list({}).toArray()).toEqual([])
  })

  test('everything, once the database is closed', async () => {
    const kv = kvSpace(db, 'space')
    await kv.set(['a'], 1)
    const list = kv.list({})
    await db.close()
    for (const attempt of [kv.get(['a']), kv.set(['a'], 1), list.next(), kv.getMany([['a']]), kv.deleteRange({})])
      await expect(attempt).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  })

  test('keys and names that JavaScript gives a meaning of its own are keys like others', async () => {
    const kv = kvSpace(db, '__proto__')
    for (const name of ['__proto__', 'constructor', 'toString', 'then']) await kv.set([name], name)
    expect((await kv.list({}).toArray()).map(({ value }) => value)).toEqual([
      '__proto__',
      'constructor',
      'then',
      'toString',
    ])
    expect((await kv.get(['hasOwnProperty'])).value).toBeUndefined()
  })
})

function many(count: number, from = 0): KvTransaction<number> {
  return { updates: Array.from({ length: count }, (_, index) => ({ set: [from + index], value: index })) }
}
