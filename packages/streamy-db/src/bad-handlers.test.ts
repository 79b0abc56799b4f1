// What an actor class can do wrong, at registration and while it runs: each has a typed error with a stable code and a
// message that says what to do, and a handler that is refused leaves no trace.

import { randomBytes, randomUUID } from 'node:crypto'
import { lookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as setTimeoutByName } from 'node:timers'
import { afterEach, describe, expect, test } from 'vitest'
import { Actor, ActorError, actor, message, open, query, registerActor } from './index.ts'
import type { Database } from './index.ts'

/** Does what it is told, after it has changed its state. */
@actor()
class Culprit extends Actor {
  count = 0
  list: unknown[] = []

  @message()
  act(deed: string): unknown {
    this.count += 1
    this.list.push(deed)
    return deeds[deed]!(this)
  }

  @message()
  actOn(key: string, deed: string): string {
    this.count += 1
    try {
      this.actor(Culprit, key).act(deed)
      return 'done'
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  @query()
  look(deed: string): unknown {
    return deeds[deed]!(this)
  }

  @query()
  state(): string {
    return `${this.count} ${this.list.length}`
  }

  @message()
  callDeeper(depth: number): number {
    return depth === 0 ? 0 : 1 + this.actor(Culprit, `${depth}`).callDeeper(depth - 1)
  }

  @message()
  timeOut(): void {}
}

class NotEncodable extends ActorError<unknown> {}

let escaped: Culprit | undefined
const promise = Promise.resolve(1)

/** What handlers try. Kept outside of the class: a handler can call any function. */
const deeds: Readonly<Record<string, (self: Culprit) => unknown>> = {
  setTimeout: () => setTimeout(() => {}, 1),
  setTimeoutByName: () => setTimeoutByName(() => {}, 1),
  setInterval: () => setInterval(() => {}, 1),
  setImmediate: () => setImmediate(() => {}),
  queueMicrotask: () => queueMicrotask(() => {}),
  nextTick: () => process.nextTick(() => {}),
  fetch: () => void fetch('http://127.0.0.1:9'),
  http: () => void get('http://127.0.0.1:9'),
  socket: () => void connect(9, '127.0.0.1'),
  dns: () => lookup('localhost', () => {}),
  file: () => readFileSync('/etc/hostname', 'utf8'),
  newPromise: () => void new Promise(() => {}),
  promiseResolve: () => void Promise.resolve(),
  hrtime: () => process.hrtime.bigint(),
  returnPromise: () => promise,
  // oxlint-disable-next-line unicorn/no-thenable -- the very thing that is tested
  returnThenable: () => ({ then: () => 1 }),
  asyncFunction: () => (async () => 1)(),
  undeclared: (self) => void Object.assign(self, { forgotten: 1 }),
  storeFunction: (self) => void self.list.push(() => 1),
  storeInstance: (self) => void self.list.push(new URL('http://localhost')),
  storeActor: (self) => void self.list.push(self),
  storeProto: (self) => void self.list.push(JSON.parse('{"__proto__":1}')),
  returnActor: (self) => self,
  throwText: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the very thing that is tested
    throw 'text'
  },
  throwNothing: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the very thing that is tested
    throw undefined
  },
  throwTypeError: () => {
    throw new TypeError('wrong')
  },
  throwUnencodable: () => {
    throw new NotEncodable('with data', { f: () => 1 })
  },
  tooManyTells: (self) => {
    for (let tell = 0; tell <= 1024; tell++) self.tell(Culprit, 'b').act('nothing')
  },
  tooManyTimers: (self) => {
    for (let timer = 0; timer <= 1024; timer++) self.after(timer).timeOut()
  },
  badDelay: (self) => self.after(-1).timeOut(),
  neverDelay: (self) => self.after(Number.POSITIVE_INFINITY).timeOut(),
  unknownActor: (self) => self.actor('Nobody', 'a'),
  badKey: (self) => self.actor(Culprit, ''),
  tellQuery: (self) => self.tell(Culprit, 'a').state(),
  write: (self) => (self.count = 5),
  push: (self) => self.list.push(5),
  tell: (self) => self.tell(Culprit, 'b').act('nothing'),
  timer: (self) => self.after(1).timeOut(),
  destroy: (self) => self.destroy(),
  callMessage: (self) => self.actor(Culprit, 'b').act('nothing'),
  nothing: () => undefined,
  escape: (self) => void (escaped = self),
}

let db: Database

afterEach(async () => {
  await db.close()
})

describe('a handler that does what a replay would not repeat', () => {
  test.each([
    ['setTimeout', /this\.after/],
    ['setTimeoutByName', /this\.after/],
    ['setInterval', /this\.after/],
    ['setImmediate', /this\.tell/],
    ['queueMicrotask', /this\.tell/],
    ['nextTick', /this\.tell/],
    ['fetch', /in the caller/],
    ['http', /in the caller/],
    ['socket', /in the caller/],
    ['dns', /in the caller/],
    ['file', /in the caller/],
    ['newPromise', /cannot wait/],
    ['promiseResolve', /cannot wait/],
    ['hrtime', /this\.now/],
  ])('%s', async (deed, advice) => {
    expect(await refusalsOf(deed)).toEqual(refused('HANDLER_NOT_DETERMINISTIC', advice))
    await expect(db.actor(Culprit, 'a').look(deed)).rejects.toMatchObject({ code: 'HANDLER_NOT_DETERMINISTIC' })
    // One that catches it goes on, and what it called is undone.
    expect(await db.actor(Culprit, 'b').actOn('a', deed)).toBe('HANDLER_NOT_DETERMINISTIC')
    expect(await db.actor(Culprit, 'a').state()).toBe('1 1')
    expect(await db.actor(Culprit, 'b').state()).toBe('1 0')
  })

  test('and everything works as ever outside of handlers', async () => {
    db = await open(':memory:', { actors: [Culprit] })
    await db.actor(Culprit, 'a').act('nothing')
    await new Promise((resolve) => setImmediate(resolve))
    expect(Math.abs(Date.now() - new Date().getTime())).toBeLessThan(60_000)
    expect(randomUUID()).not.toBe(randomUUID())
    expect(randomBytes(8)).not.toEqual(randomBytes(8))
    expect(Math.random()).not.toBe(Math.random())
    expect(readFileSync(import.meta.filename, 'utf8')).toContain('as ever')
  })
})

describe('a handler that waits', () => {
  test.each([['returnPromise'], ['returnThenable'], ['asyncFunction']])('%s', async (deed) => {
    expect(await refusalsOf(deed)).toEqual(refused('HANDLER_ASYNC', /Culprit\.act.*in the caller/))
  })

  test('is refused when its class is registered, if it says so', async () => {
    db = await open(':memory:', { actors: [Culprit] })
    class Waiting extends Actor {
      async wait(): Promise<void> {}
    }
    registerActor(Waiting, { messages: { wait: {} } })
    class Generating extends Actor {
      *generate(): Iterable<number> {
        yield 1
      }
    }
    registerActor(Generating, { messages: { generate: {} } })
    for (const actorClass of [Waiting, Generating])
      await expect(open(':memory:', { actors: [actorClass] })).rejects.toMatchObject({
        code: 'HANDLER_ASYNC',
        message: expect.stringMatching(/(Waiting\.wait|Generating\.generate).*in the caller/),
      })
  })
})

describe('a handler that leaves behind what cannot be state', () => {
  test.each([
    ['undeclared', 'STATE_FIELD_UNDECLARED', /forgotten.*initial value/],
    ['storeFunction', 'VALUE_NOT_ENCODABLE', /field list of Culprit/],
    ['storeInstance', 'VALUE_NOT_ENCODABLE', /field list of Culprit.*URL/],
    ['storeActor', 'VALUE_NOT_ENCODABLE', /field list of Culprit/],
    ['storeProto', 'VALUE_NOT_ENCODABLE', /__proto__/],
    ['returnActor', 'VALUE_NOT_ENCODABLE', /result of Culprit\.act/],
  ])('%s', async (deed, code, text) => {
    expect(await refusalsOf(deed)).toEqual(refused(code, text))
  })
})

describe('a handler that asks for too much', () => {
  test.each([
    ['tooManyTells', 'TRANSACTION_INVALID', /1024 tells/],
    ['tooManyTimers', 'TRANSACTION_INVALID', /1024 timers/],
    ['badDelay', 'ARGUMENTS_INVALID', /zero or more/],
    ['neverDelay', 'ARGUMENTS_INVALID', /finite/],
    ['unknownActor', 'ACTOR_UNKNOWN', /Nobody/],
    ['badKey', 'KEY_INVALID', /empty/],
    ['tellQuery', 'MESSAGE_UNKNOWN', /query/],
  ])('%s', async (deed, code, text) => {
    expect(await refusalsOf(deed)).toEqual(refused(code, text))
  })

  test('calls within calls', async () => {
    db = await open(':memory:', { actors: [Culprit] })
    expect(await db.actor(Culprit, 'a').callDeeper(63)).toBe(63)
    await expect(db.actor(Culprit, 'a').callDeeper(64)).rejects.toMatchObject({
      code: 'CALL_DEPTH_EXCEEDED',
      message: expect.stringMatching(/64 calls deep.*tell/),
    })
  })
})

describe('a handler that throws', () => {
  test.each([
    ['throwText', 'HANDLER_FAILED', /'text'.*ActorError/],
    ['throwNothing', 'HANDLER_FAILED', /undefined.*ActorError/],
    ['throwUnencodable', 'ACTOR_ERROR', /with data.*left out/],
  ])('%s', async (deed, code, text) => {
    expect(await refusalsOf(deed)).toEqual(refused(code, text))
  })

  test('an error of JavaScript arrives as that', async () => {
    db = await open(':memory:', { actors: [Culprit] })
    const thrown: unknown = await db
      .actor(Culprit, 'a')
      .act('throwTypeError')
      .catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(TypeError)
    expect((thrown as Error).message).toBe('wrong')
    expect(await db.actor(Culprit, 'a').state()).toBe('0 0')
  })
})

describe('a query that writes', () => {
  test.each([['write'], ['push'], ['tell'], ['timer'], ['destroy'], ['callMessage']])('%s', async (deed) => {
    db = await open(':memory:', { actors: [Culprit] })
    await db.actor(Culprit, 'a').act('nothing')
    await expect(db.actor(Culprit, 'a').look(deed)).rejects.toMatchObject({ code: 'QUERY_WRITES', kind: 'user' })
    expect(await db.actor(Culprit, 'a').state()).toBe('1 1')
    expect(await db.actor(Culprit, 'b').state()).toBe('0 0')
  })
})

test('an actor that escapes from its handler is dead', async () => {
  db = await open(':memory:', { actors: [Culprit] })
  await db.actor(Culprit, 'a').act('escape')
  expect(() => escaped!.count).toThrow(expect.objectContaining({ code: 'OUTSIDE_HANDLER' }))
  expect(() => (escaped!.count = 7)).toThrow(expect.objectContaining({ code: 'OUTSIDE_HANDLER' }))
  expect(() => escaped!.tell(Culprit, 'b')).toThrow(expect.objectContaining({ code: 'OUTSIDE_HANDLER' }))
  expect(await db.actor(Culprit, 'a').state()).toBe('1 1')
})

describe('a class that cannot work', () => {
  class Undeclared extends Actor {}
  class HiddenState extends Actor {
    readonly #hidden = 1
    reveal(): number {
      return this.#hidden
    }
  }
  registerActor(HiddenState, { queries: { reveal: {} } })
  class WithParameters extends Actor {
    constructor(readonly size: number) {
      super()
    }
  }
  class NoMethod extends Actor {}
  class Reserved extends Actor {
    // oxlint-disable-next-line unicorn/no-thenable -- the very thing that is tested
    then(): void {}
  }
  class FunctionField extends Actor {
    handler = (): number => 1
  }
  class Failing extends Actor {
    field = failing()
  }
  class Twice extends Actor {
    act(): void {}
  }
  const registered = [
    WithParameters,
    NoMethod,
    Reserved,
    FunctionField,
    Failing,
    Twice,
  ] as unknown as (new () => Actor)[]
  const messages = [[], ['missing'], ['then'], [], [], ['act']]
  for (const [index, actorClass] of registered.entries()) {
    const named = Object.fromEntries(messages[index]!.map((name) => [name, {}]))
    registerActor(actorClass, { messages: named, queries: actorClass.name === 'Twice' ? (named as object) : {} })
  }

  test.each([
    [Undeclared, /@actor\(\)/],
    [HiddenState, /#hidden.*private/],
    [WithParameters, /constructor.*arguments/],
    [NoMethod, /missing/],
    [Reserved, /then.*Rename/],
    [FunctionField, /handler.*method/],
    [Failing, /Failing.*broken/],
    [Twice, /Twice\.act.*once/],
    [Date, /extend Actor/],
  ])('%s', async (actorClass, problem) => {
    db = await open(':memory:', { actors: [Culprit] })
    await expect(open(':memory:', { actors: [actorClass as never] })).rejects.toMatchObject({
      code: 'REGISTRATION_INVALID',
      kind: 'user',
      message: expect.stringMatching(problem),
    })
  })

  test('two types of one name', async () => {
    db = await open(':memory:', { actors: [Culprit] })
    class Other extends Actor {}
    registerActor(Other, { name: 'Culprit' })
    await expect(open(':memory:', { actors: [Culprit, Other] })).rejects.toMatchObject({
      code: 'REGISTRATION_INVALID',
      message: expect.stringMatching(/Culprit.*otherwise/),
    })
  })
})

function failing(): number {
  throw new Error('broken')
}

/** What comes of a deed in an actor that is there and in one that is not, and what it leaves of them. */
async function refusalsOf(deed: string): Promise<readonly unknown[]> {
  db = await open(':memory:', { actors: [Culprit] })
  await db.actor(Culprit, 'a').act('nothing')
  const found: unknown[] = []
  for (const key of ['a', 'new']) {
    const culprit = db.actor(Culprit, key)
    found.push(await culprit.act(deed).catch((error: unknown) => error), await culprit.state())
  }
  return found
}

/** Refused, and no trace. */
function refused(code: string, text: RegExp): readonly unknown[] {
  const error = expect.objectContaining({
    code,
    kind: 'user',
    message: expect.stringMatching(text) as string,
  }) as unknown
  return [error, '1 1', error, '0 0']
}
