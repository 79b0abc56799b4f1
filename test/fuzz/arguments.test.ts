// Goal: no argument, however it is built, does harm. Method: values of every shape that JavaScript has are sent to an actor
// that keeps them. Either the call is refused with a typed error of the caller's kind and nothing has changed, or the actor
// holds what was sent, reads back the same, and still does after the database was opened again.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { serialize } from 'node:v8'
import * as fc from 'fast-check'
import { Actor, actor, message, open, query } from 'streamy-db'
import { expect, test } from 'vitest'
import { campaign } from './campaign.ts'
import { expectPrototypesUntouched, typedError } from './unharmed.ts'

@actor()
class Shelf extends Actor {
  kept: unknown = undefined
  count = 0

  @message()
  keep(value: unknown): unknown {
    this.count += 1
    this.kept = value
    return value
  }

  @query()
  look(): { readonly kept: unknown; readonly count: number } {
    return { kept: this.kept, count: this.count }
  }
}

const poisonousKeys = fc.constantFrom('__proto__', 'constructor', 'prototype', 'then', 'toJSON', 'hasOwnProperty', '')
const plain = fc.anything({
  key: fc.oneof(fc.string(), poisonousKeys),
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withBoxedValues: true,
  withObjectString: true,
})

class Stranger {
  field = 1
}

// What no generator makes: each is a way in which a value may be more than its data. Made when it is sent, because a report
// that shows such a value would spring its trap.
const strangers = {
  function: () => (): void => {},
  symbol: () => Symbol('strange'),
  'instance of a class': () => new Stranger(),
  'weak map': () => new WeakMap(),
  promise: () => Promise.resolve(1),
  'proxy that lies about its keys': () =>
    new Proxy({}, { ownKeys: () => ['a', 'a', 'b'], getOwnPropertyDescriptor: () => undefined }),
  'proxy that throws': () => new Proxy([], { get: () => fail('a trap') }),
  'getter that throws': () => Object.defineProperty({}, 'boom', { enumerable: true, get: () => fail('a getter') }),
  ring: () => {
    const ring: { self?: unknown } = {}
    ring.self = ring
    return ring
  },
  'deep list': () => Array.from({ length: 10_000 }).reduce((inner) => [inner], 1),
  'parsed __proto__': () =>
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
  'inherited property': () => Object.create({ inherited: 1 }),
  'hidden property': () => Object.defineProperty({}, 'hidden', { value: 1, enumerable: false }),
  'no date': () => new Date(NaN),
  holes: () => Array.from({ length: 3 }).concat(Object.assign([], { length: 2 })),
  'list with a name': () => Object.assign([1, 2], { extra: 3 }),
  'list of another class': () => new (class extends Array<number> {})(),
  'half a character': () => '\ud800 alone',
  'long text': () => 'x'.repeat(600_000),
  'many bytes': () => new Uint8Array(600_000),
  'long list': () => Array.from({ length: 200_000 }, () => 'many'),
  pattern: () => /pattern/g,
  error: () => new Error('an error'),
  'shared buffer': () => new SharedArrayBuffer(8),
  'large number': () => 2n ** 4096n,
} satisfies Record<string, () => unknown>

const strange = fc.constantFrom(...(Object.keys(strangers) as (keyof typeof strangers)[]))
const anySent = fc.oneof(
  { weight: 4, arbitrary: fc.record({ plain }) },
  { weight: 1, arbitrary: fc.record({ strange }) },
)

function fail(what: string): never {
  throw new Error(what)
}

test('a value is kept as it is, or refused and nothing has changed', { timeout: 600_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-fuzz-'))
  const kept = new Map<string, unknown>()
  let number = 0
  const database = await open(directory, { actors: [Shelf] })
  try {
    const property = fc.asyncProperty(anySent, async (sent) => {
      const value = 'plain' in sent ? sent.plain : strangers[sent.strange]()
      const key = `shelf-${number++}`
      const shelf = database.actor(Shelf, key)
      const answer = await shelf.keep(value).then(
        (result) => ({ result }),
        (error: unknown) => ({ error: typedError(error) }),
      )
      const { kept: now, count } = await shelf.look()
      expectPrototypesUntouched()
      const refused = 'error' in answer
      expect(refused ? answer.error.kind : 'user').toBe('user')
      expect(count).toBe(refused ? 0 : 1)
      expectSame(now, refused ? undefined : answer.result)
      if (refused) return
      kept.set(key, now)
    })
    await fc.assert(property, campaign(400))
  } finally {
    await database.close()
  }
  expect(kept.size).toBeGreaterThan(0)
  await using again = await open(directory, { actors: [Shelf] })
  for (const [key, value] of kept) expectSame((await again.actor(Shelf, key).look()).kept, value)
  await again.close()
  await rm(directory, { recursive: true })
})

// Else by their bytes: `toStrictEqual` asks a value for its `constructor`, which may be any of its data, and no two invalid
// dates are equal to Node. Bytes alone tell apart how the engine happens to hold one and the same number.
function expectSame(value: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(value, expected) && !serialize(value).equals(serialize(expected)))
    throw new Error(inspect({ value, expected }, { depth: 5 }))
}

const names = fc.oneof(
  poisonousKeys,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('a\0b', '\ud800', 'k'.repeat(5000)),
)

test('any text is a key of its own actor, or is refused', { timeout: 600_000 }, async () => {
  await using database = await open(':memory:', { actors: [Shelf] })
  const counts = new Map<string, number>()
  const property = fc.asyncProperty(names, async (key) => {
    const refusal = await Promise.resolve()
      .then(() => database.actor(Shelf, key).keep(key))
      .then(() => undefined, typedError)
    expect(refusal?.code ?? 'KEY_INVALID').toBe('KEY_INVALID')
    if (refusal !== undefined) return
    counts.set(key, (counts.get(key) ?? 0) + 1)
    expect(await database.actor(Shelf, key).look()).toEqual({ kept: key, count: counts.get(key) })
    expectPrototypesUntouched()
  })
  await fc.assert(property, campaign(300))
})

test('any message name that is none is refused', { timeout: 600_000 }, async () => {
  await using database = await open(':memory:', { actors: [Shelf] })
  const property = fc.asyncProperty(fc.oneof(poisonousKeys, fc.string()), async (name) => {
    // Plain JavaScript may ask for anything.
    const reference = database.actor<Shelf>('Shelf', 'one') as unknown as Record<string, unknown>
    const member = reference[name]
    if (typeof member !== 'function' || ['keep', 'look'].includes(name) || name in Object.prototype) return
    const refusal = await Promise.resolve()
      .then(() => (member as () => unknown).call(reference))
      .then(() => undefined, typedError)
    expect(refusal?.code).toBe('MESSAGE_UNKNOWN')
  })
  await fc.assert(property, campaign(200))
})
