// The same decorators with TypeScript's emitted metadata: nothing rests on it, and nothing is disturbed by it.

// For the types of Reflect.getMetadata.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import { expect, test } from 'vitest'
import { Actor, actor, message, query, transient } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'

class Amount {
  cents = 0
}

@actor()
class Purse extends Actor {
  cents = 0
  @transient() hint: Amount = new Amount()

  @message()
  put(cents: number, _from?: Purse): number {
    return (this.cents += cents)
  }

  @query()
  content(): number {
    return this.cents
  }
}

test('legacy decorators work with emitted metadata, and it is there', () => {
  const world = new ActorWorld(Purse)
  world.actor(Purse, 'a').put(5)
  expect(world.actor(Purse, 'a').content()).toBe(5)
  expect(Reflect.getMetadata('design:paramtypes', Purse.prototype, 'put')).toEqual([Number, Purse])
  expect(Reflect.getMetadata('design:type', Purse.prototype, 'hint')).toBe(Amount)
})
