// Argument schemas: checked where a call is made and where it runs; converted once, where it runs.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { Actor, actor, ArgumentsInvalid, message, query } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

/** A schema of Standard Schema's shape, as zod and others provide. */
function schema<Args>(
  validate: (args: readonly unknown[]) => StandardSchemaV1.Result<Args>,
): StandardSchemaV1<unknown, Args> {
  return { '~standard': { version: 1, vendor: 'test', validate: (value) => validate(value as unknown[]) } }
}

const positive = schema<[number, string]>(([amount, note]) =>
  typeof amount === 'number' && amount > 0
    ? { value: [amount * 100, typeof note === 'string' ? note : 'none'] }
    : {
        issues: [
          { message: 'must be positive', path: [0] },
          { message: 'really', path: [{ key: 0 }, 'x'] },
          { message: 'bad' },
        ],
      },
)

@actor()
class Till extends Actor {
  cents = 0

  @message({ input: positive })
  put(amount: number, note?: string): string {
    this.cents += amount
    return `${this.cents} ${note}`
  }

  @message({ input: positive, touches: (self, amount: number) => [self.actor(Till, String(amount))] })
  putAll(amount: number, _note?: string): string {
    return this.actor(Till, 'inner').put(amount)
  }

  @query({ input: { '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: [] }) } } })
  asynchronous(): void {}

  @query({ input: schema(() => ({ value: 'no list' as unknown as [] })) })
  noList(): void {}
}

describe('an input schema', () => {
  test('refuses wrong arguments with every issue, where the call is made and where it runs', () => {
    const world = new ActorWorld(Till)
    const attempts = [() => world.actor(Till, 'a').put(-1), () => world.transact(world.call('Till', 'a', 'put', -1))]
    for (const attempt of attempts) {
      expect(attempt).toThrow(ArgumentsInvalid)
      expect(attempt).toThrow(
        'Till.put was called with invalid arguments: argument 1: must be positive; argument 1.x: really; bad.',
      )
    }
    const issue = { message: 'really', path: [0, 'x'] }
    expect(attempts[0]).toThrow(expect.objectContaining({ issues: expect.arrayContaining([issue]) }))
  })

  test('converts arguments once, in the transaction', () => {
    const world = new ActorWorld(Till)
    expect(world.actor(Till, 'a').put(2)).toBe('200 none')
    expect(world.actor(Till, 'a').put(1, 'tip')).toBe('300 tip')
    expect(world.actor(Till, 'b').putAll(1)).toBe('10000 none')
  })

  test('must be synchronous and describe a list', () => {
    const world = new ActorWorld(Till)
    expect(codeOf(() => world.actor(Till, 'a').asynchronous())).toBe('HANDLER_ASYNC')
    expect(codeOf(() => world.actor(Till, 'a').noList())).toBe('ARGUMENTS_INVALID')
  })
})

test('arguments that cannot be encoded are refused by name', () => {
  @actor()
  class Any extends Actor {
    @message() take(..._args: unknown[]): void {}
  }
  const any = new ActorWorld(Any).actor(Any, 'a')
  expect(() => any.take(1, () => 1)).toThrow('argument 2 of Any.take')
  for (const bad of [() => 1, Symbol('s'), new WeakMap(), { f: () => 1 }, '\ud800', JSON.parse('{"__proto__":1}')])
    expect(codeOf(() => any.take(bad))).toBe('VALUE_NOT_ENCODABLE')
  const trap = {
    get field(): never {
      throw new Error('out of paper')
    },
  }
  expect(() => any.take(trap)).toThrow(/argument 1 of Any.take runs code of its own .* out of paper/)
  expect(codeOf(() => any.take(trap))).toBe('VALUE_NOT_ENCODABLE')
  expect(codeOf(() => any.take('x'.repeat(600_000)))).toBe('VALUE_TOO_LARGE')
  expect(codeOf(() => any.take(undefined, null, true, 1.5, -0, NaN, 5n, 'ä'))).toBe('NOTHING_THROWN')
})
