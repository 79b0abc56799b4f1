// Errors on their way to the caller: the same class with the same data, whatever was thrown, never a stack.

import { errorKinds, StreamyError } from '@streamy-db/core'
import { describe, expect, test } from 'vitest'
import { ActorError, ArgumentsInvalid, decodeError, encodeError, registerError } from './index.ts'

class OutOfStock extends ActorError<{ sku: string; left: Map<string, number> }> {
  describe(): string {
    return `${this.data.sku}: ${this.message}`
  }
}

class Simple extends ActorError {}

class Demanding extends ActorError<number> {
  constructor(first: { value: number }) {
    super('demanding', first.value)
  }
}

const trip = (thrown: unknown): Error => decodeError(encodeError(thrown))

describe('an error arrives', () => {
  test('as an instance of its own class, with its message, data and methods', () => {
    const data = { sku: 'x', left: new Map([['a', 1]]) }
    const error = trip(new OutOfStock('none left', data)) as OutOfStock
    expect(error).toBeInstanceOf(OutOfStock)
    expect(error).toMatchObject({ name: 'OutOfStock', message: 'none left', code: 'ACTOR_ERROR', kind: 'user', data })
    expect(error.describe()).toBe('x: none left')
    expect(trip(new Simple('s'))).toBeInstanceOf(Simple)
    expect(trip(new Demanding({ value: 3 }))).toMatchObject({ name: 'Demanding', data: 3 })
  })

  test('as its class where that was registered and never made, else as an ActorError of its name', () => {
    class Never extends ActorError<number> {}
    const sent = { name: 'Never', code: 'ACTOR_ERROR', message: 'm', data: 1 }
    const before = decodeError(sent)
    expect(before).toBeInstanceOf(ActorError)
    expect(before).not.toBeInstanceOf(Never)
    expect(before.name).toBe('Never')
    registerError(Never)
    expect(decodeError(sent)).toBeInstanceOf(Never)
  })

  test.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    'as the built-in %o',
    (type) => {
      const error = trip(Object.assign(new type('m'), { extra: [1] }))
      expect(Object.getPrototypeOf(error)).toBe(type.prototype)
      expect(error).toMatchObject({ message: 'm', extra: [1] })
    },
  )

  test("under the name of a class of the handler's own, with its own properties as data", () => {
    class Own extends Error {
      sku = 'x'
    }
    const error = trip(new Own('m'))
    expect(error).toBeInstanceOf(ActorError)
    expect(error).toMatchObject({ name: 'Own', message: 'm', data: { sku: 'x' } })
  })

  test('with its code, for every code', () => {
    for (const code of Object.keys(errorKinds) as (keyof typeof errorKinds)[]) {
      if (code === 'ACTOR_ERROR') continue
      expect(trip(new StreamyError(code, 'm'))).toMatchObject({ code, kind: errorKinds[code], message: 'm' })
    }
    const issues = [{ message: 'm', path: [0] }]
    expect(trip(new ArgumentsInvalid('m', issues))).toMatchObject({ name: 'ArgumentsInvalid', issues })
    expect(decodeError({ name: 'X', code: 'FROM_THE_FUTURE', message: 'm', data: undefined })).toBeInstanceOf(
      ActorError,
    )
    expect(decodeError({ name: '__proto__', code: 'toString', message: 'm', data: undefined })).toBeInstanceOf(
      ActorError,
    )
  })

  test.each(['text', 5, null, undefined, { a: [1] }])('as HANDLER_FAILED when %o was thrown', (thrown) => {
    const error = trip(thrown)
    expect(error).toMatchObject({ code: 'HANDLER_FAILED' })
    expect(error.cause).toEqual(thrown === undefined ? undefined : thrown)
  })

  test('the second time as the first time', () => {
    const once = trip(new OutOfStock('m', { sku: 'x', left: new Map() }))
    expect(trip(once)).toEqual(once)
    expect(encodeError(trip('text'))).toMatchObject({ code: 'HANDLER_FAILED' })
  })

  test('without its stack', () => {
    const error = new OutOfStock('m', { sku: 'x', left: new Map() })
    error.stack = 'SECRET'
    expect(JSON.stringify(encodeError(error))).not.toContain('SECRET')
    expect(trip(error).stack).not.toContain('SECRET')
  })
})

describe('encoding never throws', () => {
  test('for data that cannot be encoded: they are left out, and the message says so', () => {
    class Odd extends ActorError<unknown> {}
    const error = encodeError(new Odd('m', () => 1))
    expect(error.data).toBe(undefined)
    expect(error.message).toMatch(/^m \(The data of this error were left out/)
    expect(encodeError(() => 1).code).toBe('HANDLER_FAILED')
    expect(encodeError(Symbol('s')).code).toBe('HANDLER_FAILED')
  })

  test('for hostile objects', () => {
    const hostile = new Error('m')
    Object.defineProperty(hostile, 'message', {
      get: () => {
        throw new Error('gotcha')
      },
    })
    expect(encodeError(hostile).code).toBe('HANDLER_FAILED')
    const proxy = new Proxy(
      {},
      {
        get: () => {
          throw new Error('gotcha')
        },
        getPrototypeOf: () => {
          throw new Error('gotcha')
        },
      },
    )
    expect(encodeError(proxy).code).toBe('HANDLER_FAILED')
    const surrogate = encodeError(new Error('\ud800'))
    expect(surrogate.message.isWellFormed()).toBe(true)
    expect(encodeError(Object.assign(new Error('m'), { name: undefined })).name).toBe('undefined')
  })

  test('for large ones: they are bounded', () => {
    class Large extends ActorError<string> {}
    const error = encodeError(new Large('m'.repeat(1e6), 'd'.repeat(1e6)))
    expect(error.message.length).toBeLessThan(20_000)
    expect(error.data).toBe(undefined)
    const named = encodeError(Object.assign(new Error('m'), { name: 'n'.repeat(1e6) }))
    expect(named.name.length).toBeLessThan(200)
  })
})
