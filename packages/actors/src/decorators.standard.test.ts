// The same decorators as standard ones.

import { describe, expect, test } from 'vitest'
import { Actor, actor, message, query, reads, transient } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'

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

  @message({ touches: (self, from: string) => [reads(self.actor(Plain, from))] })
  addTotalOf(from: string): number {
    return this.add(this.actor(Plain, from).total())
  }
}

@actor({ name: 'Plain', version: '1' })
class Plain extends Counting {}

describe('standard decorators', () => {
  test('record what legacy ones record', () => {
    const world = new ActorWorld(Doubling, Plain)
    expect(world.actor(Doubling, 'a').add(2)).toBe(4)
    expect(world.actor(Plain, 'b').add(3)).toBe(3)
    expect(world.actor(Doubling, 'a').addTotalOf('b')).toBe(10)
    expect(world.actor(Doubling, 'a').total()).toBe(10)
    const touches = world.program.touches(world.call('doubling', 'a', 'addTotalOf', 'b'))
    expect(touches.map(({ ref, mode }) => [ref.id, mode])).toEqual([['Plain/b', 'read']])
    const definition = world.registry.find(Doubling)
    expect([...definition.handlers.keys()]).toEqual(['add', 'total', 'addTotalOf'])
    expect(definition.shape.names).toEqual(['count'])
    expect(definition.transients).toEqual(['factor'])
    expect(world.registry.find('Plain').version).toBe('1')
    expect(world.registry.find('Plain').transients).toEqual([])
  })

  test('refuse what cannot be a handler or a field of state', () => {
    const context = {
      kind: 'method',
      name: 'x',
      static: true,
      private: false,
    } as unknown as ClassMethodDecoratorContext
    expect(() => message()(() => 1, context)).toThrow(/x is static.*public method/s)
    const hidden = { kind: 'field', name: '#x', static: false, private: true } as unknown as ClassFieldDecoratorContext
    expect(() => transient()(undefined, hidden as ClassFieldDecoratorContext<object, number>)).toThrow('#x is private')
  })
})
