// Legacy decorators record what registration reads; inheritance takes the nearest declaration.

import { describe, expect, test } from 'vitest'
import { Actor, actor, ActorRegistry, message, query, transient } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

abstract class Counting extends Actor {
  count = 0

  @message()
  add(by: number): number {
    return (this.count += by)
  }

  @query()
  total(): number {
    return this.count
  }
}

@actor('doubling')
class Doubling extends Counting {
  @transient() factor = 2

  override add(by: number): number {
    return super.add(by * this.factor)
  }

  @message()
  reset(): void {
    this.count = 0
  }
}

@actor()
class Plain extends Counting {}

describe('decorators', () => {
  test('of an abstract base hold for its subclasses, and an override keeps them', () => {
    const world = new ActorWorld(Doubling, Plain)
    expect(world.actor(Doubling, 'a').add(2)).toBe(4)
    expect(world.actor(Plain, 'a').add(2)).toBe(2)
    expect(world.actor(Doubling, 'a').total()).toBe(4)
    expect(world.actor(Doubling, 'a').reset()).toBe(undefined)
    expect([...world.records.keys()]).toEqual(['doubling/a', 'Plain/a'])
  })

  test('of a subclass do not reach its siblings or its base', () => {
    const [doubling, plain] = new ActorRegistry([Doubling, Plain]).definitions
    expect([...doubling!.handlers.keys()]).toEqual(['add', 'total', 'reset'])
    expect([...plain!.handlers.keys()]).toEqual(['add', 'total'])
    expect(doubling!.transients).toEqual(['factor'])
    expect(plain!.transients).toEqual([])
  })

  test('handlers see an instance of their class, with its getters, methods and super', () => {
    @actor()
    class Shape extends Counting {
      get double(): number {
        return this.count * 2
      }
      set double(value: number) {
        this.count = value / 2
      }
      @message()
      look(): unknown[] {
        this.double = 8
        return [this instanceof Shape, this instanceof Counting, this.constructor === Shape, this.double, super.total()]
      }
    }
    expect(new ActorWorld(Shape).actor(Shape, 'a').look()).toEqual([true, true, true, 8, 4])
  })

  test('of a field named by a symbol are refused', () => {
    const decorate = transient()
    expect(codeOf(() => decorate({}, Symbol('x') as unknown as string))).toBe('REGISTRATION_INVALID')
  })
})
