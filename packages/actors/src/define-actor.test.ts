// What registration accepts and refuses, and that each refusal says what to do.

import { describe, expect, test } from 'vitest'
import { Actor, type ActorClass, ActorRegistry, message, registerActor } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

type AnyRegistration = Parameters<typeof registerActor>[1]

/** Registers a class as plain JavaScript would: without the types that refuse most of what is tested here. */
function registered(actorClass: unknown, registration: object = { messages: { poke: {} } }): () => ActorRegistry {
  registerActor(actorClass as ActorClass, registration as AnyRegistration)
  return () => new ActorRegistry([actorClass as ActorClass])
}

/** The message with which a class is refused. */
function refusalOf(actorClass: unknown, registration?: object): string {
  try {
    registered(actorClass, registration)()
  } catch (error) {
    return codeOf(error) === 'REGISTRATION_INVALID' ? (error as Error).message : `unexpected: ${String(error)}`
  }
  return 'not refused'
}

class Base extends Actor {
  count = 0
  poke(): number {
    return ++this.count
  }
}

describe('registration accepts', () => {
  test('a class without decorators, with name, version, queries and transient fields', () => {
    class Sequence extends Base {
      cache = 1
      look(): number {
        return this.count + this.cache
      }
    }
    const options = {
      name: 'seq',
      version: '3',
      messages: { poke: {} },
      queries: { look: {} },
      transient: ['cache'] as const,
    }
    registerActor(Sequence, options)
    const world = new ActorWorld(Sequence)
    expect(world.actor(Sequence, 'a').poke()).toBe(1)
    expect(world.actor(Sequence, 'a').look()).toBe(2)
    expect(world.registry.find('seq')).toMatchObject({ version: '3', transients: ['cache'] })
  })

  test('the same class twice, and several databases of one class', () => {
    class Twice extends Base {}
    registerActor(Twice, { messages: { poke: {} } })
    expect([...new ActorRegistry([Twice, Twice]).definitions]).toHaveLength(1)
    expect([...new ActorRegistry([Twice]).definitions]).toHaveLength(1)
  })

  test('a # that is no private member', () => {
    class Hash extends Base {
      static readonly #made = 0
      colour = '#fff'
      tag = `#${this.count}`
      pattern(): boolean {
        // #commented
        return /#x{/.test(this.colour)
      }
      inner(): number {
        class Inner {
          readonly #x = 1
          get x(): number {
            return this.#x
          }
        }
        return new Inner().x + Hash.#made
      }
    }
    expect(registered(Hash)).not.toThrow()
  })

  test('names that are legal but unusual', () => {
    class Odd extends Base {}
    expect(registered(Odd, { name: 'Ärger mit Leerzeichen', messages: { poke: {} } })).not.toThrow()
  })
})

describe('registration refuses', () => {
  test('what is no actor class', () => {
    expect(codeOf(() => new ActorRegistry([Map as unknown as ActorClass]))).toBe('REGISTRATION_INVALID')
    expect(codeOf(() => new ActorRegistry([undefined as unknown as ActorClass]))).toBe('REGISTRATION_INVALID')
    class Undeclared extends Base {}
    expect(() => new ActorRegistry([Undeclared])).toThrow(/Undeclared is not declared an actor.*@actor\(\)/s)
  })

  test('asynchronous handlers and generators', () => {
    class Asynchronous extends Base {
      async wait(): Promise<void> {}
      *generate(): Generator<number> {
        yield 1
      }
    }
    expect(codeOf(registered(Asynchronous, { messages: { wait: {} } }))).toBe('HANDLER_ASYNC')
    class Generating extends Asynchronous {}
    const register = registered(Generating, { queries: { generate: {} } })
    expect(codeOf(register)).toBe('HANDLER_ASYNC')
    expect(register).toThrow(/Handlers are plain synchronous methods/)
  })

  test('private fields, in the class or in one it extends', () => {
    class Hidden extends Base {
      readonly #secret = 1
      reveal(): number {
        return this.#secret
      }
    }
    class Inheriting extends Hidden {}
    expect(refusalOf(Inheriting)).toMatch(/Hidden.*#secret.*private secret/s)
  })

  test('private methods, which a facade does not have', () => {
    class Hidden extends Base {
      #help(): number {
        return 1
      }
      override poke(): number {
        return this.#help()
      }
    }
    expect(refusalOf(Hidden)).toMatch(/#help/)
  })

  test('constructors that require arguments, in the class or in one it extends', () => {
    class Needy extends Base {
      constructor(readonly size: number) {
        super()
      }
    }
    class Inheriting extends Needy {
      constructor() {
        super(1)
      }
    }
    expect(refusalOf(Needy)).toMatch(/requires arguments/)
    expect(refusalOf(Inheriting)).toMatch(/constructor of Needy/)
  })

  test('constructors that throw, with what they threw as the cause', () => {
    class Failing extends Base {
      constructor() {
        super()
        throw new TypeError('oops')
      }
    }
    expect(refusalOf(Failing)).toMatch(/No instance of Failing could be made: oops/)
  })

  test('constructors that use other actors, clocks being allowed', () => {
    class Calling extends Base {
      other = this.actor(Base, 'x')
    }
    expect(codeOf(registered(Calling))).toBe('OUTSIDE_HANDLER')
    class Waiting extends Base {
      timer = setTimeout(() => undefined, 0)
    }
    expect(codeOf(registered(Waiting))).toBe('HANDLER_NOT_DETERMINISTIC')
    class Timed extends Base {
      born = Date.now()
      lucky = Math.random()
    }
    expect(registered(Timed)).not.toThrow()
  })

  test('names of types that cannot stand in the log', () => {
    for (const name of ['a/b', 'a\0b', '', '\ud800', 'x'.repeat(129), 'ä'.repeat(65)]) {
      class Named extends Base {}
      expect(refusalOf(Named, { name, messages: { poke: {} } })).toMatch(/name/)
    }
  })

  test.each(['key', 'now', 'tell', 'actor', 'after', 'destroy', 'then', 'constructor', 'toString', '__proto__', 'kv'])(
    'a message named %s',
    (name) => {
      class Clashing extends Base {}
      Object.defineProperty(Clashing.prototype, name, { value: () => 1, configurable: true, writable: true })
      const messages = Object.fromEntries([[name, {}]])
      expect(refusalOf(Clashing, { messages })).toMatch(/Rename the method/)
    },
  )

  test('a method that is both a message and a query, or decorated twice', () => {
    class Both extends Base {}
    expect(refusalOf(Both, { messages: { poke: {} }, queries: { poke: {} } })).toMatch(/more than once/)
    class Twice extends Base {
      @message()
      @message()
      again(): void {}
    }
    expect(refusalOf(Twice, {})).toMatch(/Twice.again is declared more than once/)
  })

  test('handlers that are no methods', () => {
    class Missing extends Base {}
    expect(refusalOf(Missing, { messages: { pok: {} } })).toMatch(/Missing.pok.*no method/s)
    class Getter extends Base {
      get poked(): number {
        return 1
      }
    }
    expect(refusalOf(Getter, { messages: { poked: {} } })).toMatch(/no method/)
  })

  test('fields that cannot be state', () => {
    class Arrow extends Base {
      act = (): number => 1
    }
    expect(refusalOf(Arrow)).toMatch(/field act of Arrow holds a function/)
    const symbol = Symbol('s')
    class Symbolic extends Base {
      [symbol] = 1
    }
    expect(refusalOf(Symbolic)).toMatch(/Name fields by strings/)
    class Proto extends Base {
      ['__proto__'] = 1
    }
    expect(refusalOf(Proto)).toMatch(/__proto__/)
    class WithKey extends Base {
      constructor() {
        super()
        Object.defineProperty(this, 'key', { value: 1, enumerable: true })
      }
    }
    expect(refusalOf(WithKey)).toMatch(/field key/)
    class Same extends Base {
      constructor() {
        super()
        Object.assign(this, { poke: 1 })
      }
    }
    expect(codeOf(registered(Same))).toBe('REGISTRATION_INVALID')
  })

  test('transient fields that are not there', () => {
    class Lost extends Base {}
    expect(refusalOf(Lost, { messages: { poke: {} }, transient: ['cache'] })).toMatch(/transient field cache of Lost/)
  })

  test('two classes of one name', () => {
    class First extends Base {}
    class Second extends Base {}
    registerActor(First, { name: 'Same', messages: { poke: {} } })
    registerActor(Second, { name: 'Same', messages: { poke: {} } })
    expect(() => new ActorRegistry([First, Second])).toThrow(/Two actor classes are named Same/)
  })
})
