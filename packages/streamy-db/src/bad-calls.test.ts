// What a caller can do wrong: each has a typed error with a stable code and a message that says what to do, or a defined
// outcome. After each the database works, and what was refused has left no trace.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Actor, actor, message, open, query, registerActor } from './index.ts'
import type { Database } from './index.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** A Standard Schema of the arguments `[amount: number]`, as zod and others make them. */
const oneAmount = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => {
      const [amount] = value as readonly unknown[]
      if (typeof amount === 'number' && amount > 0) return { value: [amount] as [number] }
      return { issues: [{ message: 'expected an amount above zero', path: [0] }] }
    },
  },
} as const

@actor()
class Box extends Actor {
  content: unknown = 'nothing'
  count = 0

  @message()
  put(content: unknown): unknown {
    this.count += 1
    this.content = content
    return content
  }

  @message({ input: oneAmount })
  add(amount: number): number {
    return (this.count += amount)
  }

  @message()
  fill(fields: number, bytes: number): void {
    const list = Array.from({ length: fields }, () => 'x'.repeat(bytes))
    this.content = list
  }

  @message()
  putTwo(first: string, second: string): number {
    this.count += 1
    return first.length + second.length
  }

  @message()
  give(bytes: number): string {
    this.count += 1
    return 'x'.repeat(bytes)
  }

  @query()
  look(): unknown {
    return this.content
  }

  @query()
  counted(): number {
    return this.count
  }
}

/** Fields that are large together only. */
@actor()
class Shelf extends Actor {
  a = ''
  b = ''
  c = ''
  d = ''
  e = ''
  f = ''
  g = ''
  h = ''
  i = ''
  j = ''
  k = ''
  l = ''
  m = ''
  n = ''
  o = ''
  p = ''
  q = ''
  r = ''

  @message()
  fill(letters: string, bytes: number): void {
    const fields = this as unknown as Record<string, string>
    for (const letter of letters) fields[letter] = 'x'.repeat(bytes)
  }

  @query()
  filled(): number {
    const fields = this as unknown as Record<string, string>
    return 'abcdefghijklmnopqr'.split('').filter((letter) => fields[letter] !== '').length
  }
}

/** A type that nobody registered. */
@actor()
class Stranger extends Actor {
  @message()
  hello(): string {
    return 'hello'
  }
}

let db: Database

beforeEach(async () => {
  db = await open(':memory:', { actors: [Box, Shelf] })
})

afterEach(async () => {
  await db.close()
})

describe('actors and messages', () => {
  test('an unknown actor', () => {
    expect(() => db.actor(Stranger, 'a')).toThrow(coded('ACTOR_UNKNOWN', /Stranger.*Box/))
    expect(() => db.actor('Nobody', 'a')).toThrow(coded('ACTOR_UNKNOWN', /Nobody.*Box/))
    expect(() => db.actor('__proto__', 'a')).toThrow(coded('ACTOR_UNKNOWN', /__proto__/))
    expect(() => db.actor(undefined as never, 'a')).toThrow(coded('ACTOR_UNKNOWN', /undefined/))
  })

  test('an unknown message', async () => {
    const box = db.actor(Box, 'a') as unknown as Record<string, () => Promise<unknown>>
    for (const name of ['pute', 'constructors', 'destroy', 'after', 'content'])
      await expect(box[name]!()).rejects.toThrow(coded('MESSAGE_UNKNOWN', new RegExp(`Box.*${name}.*put`)))
    await expect(
      db.transaction((tx) => (tx.actor(Box, 'a') as unknown as Record<string, () => unknown>)['pute']!()),
    ).rejects.toThrow(coded('MESSAGE_UNKNOWN', /pute/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
  })

  test('a reference is not taken for a promise, nor for anything else', async () => {
    const box = db.actor(Box, 'a')
    expect(await Promise.resolve(box)).toBe(box)
    expect((box as { toJSON?: unknown }).toJSON).toBeUndefined()
  })
})

describe('arguments', () => {
  test('that the schema refuses', async () => {
    for (const amount of [0, -1, '1', undefined])
      await expect(db.actor(Box, 'a').add(amount as number)).rejects.toMatchObject({
        code: 'ARGUMENTS_INVALID',
        kind: 'user',
        message: expect.stringMatching(/Box\.add.*argument 1: expected an amount above zero/),
        issues: [{ message: 'expected an amount above zero', path: [0] }],
      })
    expect(await db.actor(Box, 'a').add(2)).toBe(2)
  })

  test('that the schema refuses in a transaction', async () => {
    const refused = db.transaction((tx) => {
      void tx.actor(Box, 'b').put(1)
      void tx.actor(Box, 'a').add(-1)
    })
    await expect(refused).rejects.toMatchObject({ code: 'ARGUMENTS_INVALID' })
    expect(await db.actor(Box, 'b').counted()).toBe(0)
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an instance of a class', new URL('http://localhost')],
    ['a promise', Promise.resolve(1)],
    ['a weak map', new WeakMap()],
    ['a cycle', cycle],
    ['a function within', { list: [1, { f: () => 1 }] }],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate within', new Map([['\udfff', 1]])],
    ['a key named __proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}')],
    ['a key named __proto__ in a map', new Map([[JSON.parse('{"__proto__":1}'), 1]])],
  ])('that cannot be encoded: %s', async (_, value) => {
    await expect(db.actor(Box, 'a').put(value)).rejects.toThrow(coded('VALUE_NOT_ENCODABLE', /argument.*Box\.put/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
    expect(await db.actor(Box, 'a').put('fine')).toBe('fine')
  })

  test.each([
    ['a map with __proto__ as its key', new Map([['__proto__', new Map([['constructor', 1]])]])],
    ['a set with __proto__', new Set(['__proto__', 'a'])],
    ['__proto__ as text', '__proto__'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }) as object],
    ['a big integer', 2n ** 60n],
    ['a date', new Date(12_345)],
    ['bytes', new Uint8Array([1, 2, 3])],
    ['not a number', Number.NaN],
    ['minus zero', -0],
    ['nothing', undefined],
    ['null', null],
  ])('that come back as they were: %s', async (_, value) => {
    expect(await db.actor(Box, 'a').put(value)).toEqual(value)
    expect(await db.actor(Box, 'a').look()).toEqual(value)
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  test('belong to the handler alone: neither side sees what the other does to them', async () => {
    const list = [1]
    const result = await db.actor(Box, 'a').put(list)
    list.push(2)
    ;(result as number[]).push(3)
    expect(await db.actor(Box, 'a').look()).toEqual([1])
  })
})

describe('values over the limit', () => {
  test('an argument', async () => {
    const refused = db.actor(Box, 'a').put('x'.repeat(513 * KIB))
    await expect(refused).rejects.toThrow(coded('VALUE_TOO_LARGE', /argument 1 of Box\.put.*524288/))
    await expect(db.actor(Box, 'a').put(new Uint8Array(512 * KIB))).rejects.toThrow(coded('VALUE_TOO_LARGE', /put/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
    expect(await db.actor(Box, 'a').put('x'.repeat(512 * KIB))).toHaveLength(512 * KIB)
  })

  test('arguments together', async () => {
    const half = 'x'.repeat(400 * KIB)
    await expect(db.actor(Box, 'a').putTwo(half, half)).rejects.toThrow(coded('VALUE_TOO_LARGE', /Split it/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
    expect(await db.actor(Box, 'a').putTwo('a', half)).toBe(1 + 400 * KIB)
  })

  test('a result', async () => {
    await expect(db.actor(Box, 'a').give(513 * KIB)).rejects.toThrow(coded('VALUE_TOO_LARGE', /result of Box\.give/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
  })

  test('a field', async () => {
    await db.actor(Box, 'a').put('before')
    await expect(db.actor(Box, 'a').fill(3, 256 * KIB)).rejects.toThrow(
      coded('VALUE_TOO_LARGE', /field content of Box/),
    )
    expect(await db.actor(Box, 'a').look()).toBe('before')
  })

  test('an actor as a whole', async () => {
    const most = 500 * KIB
    await db.actor(Shelf, 'a').fill('abcdefghijklmno', most)
    const refused = db.actor(Shelf, 'a').fill('pqr', most)
    await expect(refused).rejects.toThrow(coded('VALUE_TOO_LARGE', /fields of Shelf\/a.*Split it/))
    expect(await db.actor(Shelf, 'a').filled()).toBe(15)
  })

  test('a transaction of too many calls', async () => {
    const refused = db.transaction((tx) => {
      for (let call = 0; call <= 1024; call++) void tx.actor(Box, 'a').put(call)
    })
    await expect(refused).rejects.toThrow(coded('TRANSACTION_INVALID', /1024/))
    expect(await db.actor(Box, 'a').counted()).toBe(0)
  })
})

describe('keys', () => {
  test.each([
    ['of 10 MB', 'k'.repeat(10 * MIB), /limit of 4096/],
    ['of 4097 bytes', 'k'.repeat(4097), /limit of 4096/],
    ['of 4098 bytes in 1366 characters', '€'.repeat(1366), /limit of 4096/],
    ['empty', '', /empty/],
    ['with a NUL', 'a\0b', /NUL/],
    ['with a lone surrogate', 'a\ud800', /surrogate/],
    ['that is a number', 1 as unknown as string, /number/],
    ['that is missing', undefined as unknown as string, /undefined/],
    ['that is null', null as unknown as string, /null/],
  ])('%s', async (_, key, problem) => {
    expect(() => db.actor(Box, key)).toThrow(coded('KEY_INVALID', problem))
    await expect(db.transaction((tx) => tx.actor(Box, key).put(1))).rejects.toThrow(coded('KEY_INVALID', problem))
  })

  test.each([['__proto__'], ['constructor'], ['k'.repeat(4096)], ['a/b'], ['ключ 🔑'], [' ']])(
    'that work: %s',
    async (key) => {
      expect(await db.actor(Box, key).put(1)).toBe(1)
      expect(await db.actor(Box, key).counted()).toBe(1)
      expect(await db.actor(Box, `${key.slice(1)}?`).counted()).toBe(0)
    },
  )
})

describe('names', () => {
  test('__proto__ as the name of an actor type is a name like others', async () => {
    class Odd extends Actor {
      count = 0
      add(): number {
        return (this.count += 1)
      }
    }
    registerActor(Odd, { name: '__proto__', messages: { add: {} } })
    await using odd = await open(':memory:', { actors: [Odd] })
    expect(await odd.actor(Odd, '__proto__').add()).toBe(1)
    expect(await odd.actor<Odd>('__proto__', '__proto__').add()).toBe(2)
  })

  test('__proto__ as the name of a message or a field is refused', async () => {
    class OddMessage extends Actor {
      ['__proto__'](): void {}
    }
    registerActor(OddMessage, { messages: JSON.parse('{"__proto__":{}}') })
    await expect(open(':memory:', { actors: [OddMessage] })).rejects.toMatchObject({ code: 'REGISTRATION_INVALID' })
    class OddField extends Actor {
      constructor() {
        super()
        Object.defineProperty(this, '__proto__', { value: 1, enumerable: true, writable: true, configurable: true })
      }
    }
    registerActor(OddField, {})
    await expect(open(':memory:', { actors: [OddField] })).rejects.toMatchObject({ code: 'REGISTRATION_INVALID' })
  })
})

describe('a closed database', () => {
  test('refuses calls, queries and transactions, and can be closed again', async () => {
    const box = db.actor(Box, 'a')
    await box.put(1)
    await db.close()
    const closed = { code: 'DATABASE_CLOSED', kind: 'user', message: expect.stringMatching(/Open it again/) }
    await expect(box.put(2)).rejects.toMatchObject(closed)
    await expect(box.look()).rejects.toMatchObject(closed)
    await expect(db.transaction((tx) => tx.actor(Box, 'a').look())).rejects.toMatchObject(closed)
    await db.close()
  })

  test('refuses a transaction that was under way, and nothing of it happens', async () => {
    const closing = db.transaction(async (tx) => {
      void tx.actor(Box, 'a').put(1)
      await db.close()
    })
    await expect(closing).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  })
})

describe('options', () => {
  test.each([
    ['no options', undefined],
    ['no actors', {}],
    ['actors that are no list', { actors: Box }],
    ['a cache of nothing', { actors: [Box], cacheBytesMax: 0 }],
    ['a limit that is no number', { actors: [Box], logBytesMax: Number.NaN }],
    ['a position that is none', { actors: [Box], skip: [-1] }],
  ])('%s', async (_, options) => {
    await expect(open(':memory:', options as never)).rejects.toMatchObject({ code: 'OPTIONS_INVALID', kind: 'user' })
  })

  test('no directory', async () => {
    for (const directory of ['', undefined])
      await expect(open(directory as never, { actors: [Box] })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
  })
})

function coded(code: string, text: RegExp): object {
  return expect.objectContaining({ code, message: expect.stringMatching(text) }) as object
}
