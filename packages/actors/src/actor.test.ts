// What a handler can do through `this`, and that none of it works elsewhere.

import { thaw } from '@streamy-db/core'
import { describe, expect, test } from 'vitest'
import { Actor, actor, message, query, type TimerHandle } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

const leaked: { self?: Lamp; reference?: { lit(): boolean }; after?: { toggle(): TimerHandle } } = {}

@actor()
class Lamp extends Actor {
  on = false
  born = this.now
  name = `${this.key}!`
  timer: TimerHandle | undefined = undefined

  @message()
  surroundings(): unknown {
    return [this.key, this.now, this.position, this.born, this.name]
  }

  @message()
  dice(): unknown[] {
    return [this.random(), this.uuid()]
  }

  @message()
  toggle(): boolean {
    return (this.on = !this.on)
  }

  @message()
  toggleLater(milliseconds: number): TimerHandle {
    return (this.timer = this.after(milliseconds).toggle())
  }

  @message()
  stop(): boolean[] {
    return [this.cancel(this.timer!), this.cancel(this.timer!)]
  }

  @message()
  tellOthers(): void {
    this.tell(Lamp, 'b').toggleLater(5)
    this.tell<Lamp>('Lamp', 'c').toggle()
  }

  @message()
  tellAndFail(): void {
    this.tellOthers()
    this.after(1).toggle()
    throw new Error('no')
  }

  @message()
  tryTell(key: string): string {
    try {
      this.actor(Lamp, key).tellAndFail()
    } catch {
      // What it told and set is undone.
    }
    return 'went on'
  }

  @message()
  tellQuery(): void {
    this.tell(Lamp, 'b').lit()
  }

  @message()
  scheduleQuery(): void {
    this.after(1).lit()
  }

  @message()
  burnOut(): string {
    this.destroy()
    this.destroy()
    this.on = true
    return codeOf(() => this.after(1).toggle())
  }

  @message()
  rise(): string {
    this.on = true
    this.destroy()
    const self = this.actor(Lamp, this.key)
    const before = self.lit()
    self.toggle()
    self.toggle()
    return `${before} ${self.lit()}`
  }

  @message()
  leak(): void {
    leaked.self = this
    leaked.reference = this.actor(Lamp, 'b')
    leaked.after = this.after(1)
  }

  @message()
  useLeaked(): string[] {
    return [codeOf(() => leaked.self!.on), codeOf(() => leaked.reference!.lit()), codeOf(() => leaked.after!.toggle())]
  }

  @message()
  leakToCallee(): string[] {
    leaked.self = this
    leaked.reference = this.actor(Lamp, 'x')
    leaked.after = this.after(1)
    return this.actor(Lamp, 'callee').useLeaked()
  }

  @message()
  unknown(): string {
    return codeOf(() => this.actor<Lamp>('Candle', 'x'))
  }

  @message()
  badKey(): string {
    return codeOf(() => this.actor(Lamp, ''))
  }

  @message()
  recurse(): number {
    return this.actor(Lamp, this.key).recurse() + 1
  }

  @query()
  lit(): boolean {
    return this.on
  }
}

describe('a handler', () => {
  test('sees its key, the log time in milliseconds, its position, and initialisers see them too', () => {
    const world = new ActorWorld(Lamp)
    world.logTime = 1_234_567
    expect(world.actor(Lamp, 'a').surroundings()).toEqual(['a', 1234, 4097, 1234, 'a!'])
    expect(world.actor(Lamp, 'a').surroundings()).toEqual(['a', 1235, 4098, 1234, 'a!'])
  })

  test('draws the same numbers in every run of the same transaction', () => {
    const first = new ActorWorld(Lamp).actor(Lamp, 'a').dice()
    expect(new ActorWorld(Lamp).actor(Lamp, 'a').dice()).toEqual(first)
    const world = new ActorWorld(Lamp)
    world.position += 1
    expect(world.actor(Lamp, 'a').dice()).not.toEqual(first)
  })

  test('calls itself by reference on the same actor, until it is too deep', () => {
    const world = new ActorWorld(Lamp)
    expect(codeOf(() => world.actor(Lamp, 'a').recurse())).toBe('CALL_DEPTH_EXCEEDED')
  })

  test('gets typed errors for unknown types and bad keys', () => {
    const world = new ActorWorld(Lamp)
    expect(world.actor(Lamp, 'a').unknown()).toBe('ACTOR_UNKNOWN')
    expect(world.actor(Lamp, 'a').badKey()).toBe('KEY_INVALID')
  })
})

describe('tell', () => {
  test('gathers calls with frozen arguments, in order', () => {
    const world = new ActorWorld(Lamp)
    world.actor(Lamp, 'a').tellOthers()
    expect(world.last.tells.map(({ call }) => [call.ref.id, call.message, call.args.map(thaw)])).toEqual([
      ['Lamp/b', 'toggleLater', [5]],
      ['Lamp/c', 'toggle', []],
    ])
  })

  test('is undone with the call that told', () => {
    const world = new ActorWorld(Lamp)
    expect(world.actor(Lamp, 'a').tryTell('b')).toBe('went on')
    expect(world.last.tells).toEqual([])
    expect(world.last.writes.map((write) => write.ref.id)).toEqual(['Lamp/a'])
  })

  test('takes messages only', () => {
    const world = new ActorWorld(Lamp)
    expect(codeOf(() => world.actor(Lamp, 'a').tellQuery())).toBe('MESSAGE_UNKNOWN')
    expect(codeOf(() => world.actor(Lamp, 'a').scheduleQuery())).toBe('MESSAGE_UNKNOWN')
  })
})

describe('after', () => {
  test('sets a timer, whose handle can be stored and cancels it once', () => {
    const world = new ActorWorld(Lamp)
    const due = world.logTime + 1_500
    const handle = world.actor(Lamp, 'a').toggleLater(1.5)
    expect(handle).toEqual({ position: 4097, ordinal: 0 })
    expect(world.records.get('Lamp/a')?.timers).toMatchObject([{ ...handle, due, message: 'toggle', args: [] }])
    expect(world.actor(Lamp, 'a').stop()).toEqual([true, false])
    expect(world.records.get('Lamp/a')?.timers).toEqual([])
  })

  test.each([-1, NaN, Infinity, 1e300, '5' as unknown as number])('refuses %s milliseconds', (milliseconds) => {
    const world = new ActorWorld(Lamp)
    expect(codeOf(() => world.actor(Lamp, 'a').toggleLater(milliseconds))).toBe('ARGUMENTS_INVALID')
  })
})

describe('destroy', () => {
  test('removes the actor, loses what is assigned afterwards, and refuses timers', () => {
    const world = new ActorWorld(Lamp)
    world.actor(Lamp, 'a').toggle()
    expect(world.actor(Lamp, 'a').burnOut()).toBe('OUTSIDE_HANDLER')
    expect(world.records.size).toBe(0)
  })

  test('of an actor that its own message created writes nothing', () => {
    const world = new ActorWorld(Lamp)
    world.actor(Lamp, 'a').burnOut()
    expect(world.last.writes).toEqual([])
  })

  test('lets a later message of the transaction create it anew, from initial values', () => {
    const world = new ActorWorld(Lamp)
    world.actor(Lamp, 'a').toggle()
    expect(world.actor(Lamp, 'a').rise()).toBe('false false')
    expect(world.last.writes).toHaveLength(1)
    expect(world.actor(Lamp, 'a').lit()).toBe(false)
  })
})

describe('outside its handler', () => {
  test('an actor, its references and its timers are dead', () => {
    const world = new ActorWorld(Lamp)
    world.actor(Lamp, 'a').leak()
    expect(codeOf(() => leaked.self!.on)).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => (leaked.self!.on = true))).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => leaked.self!.key)).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => leaked.self!.destroy())).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => leaked.reference!.lit())).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => leaked.after!.toggle())).toBe('OUTSIDE_HANDLER')
    expect(world.actor(Lamp, 'a').useLeaked()).toEqual(Array(3).fill('OUTSIDE_HANDLER'))
  })

  test('and in the handler of another actor of the same transaction', () => {
    const world = new ActorWorld(Lamp)
    expect(world.actor(Lamp, 'a').leakToCallee()).toEqual(Array(3).fill('OUTSIDE_HANDLER'))
  })

  test('an instance made by new works as a plain object, without surroundings', () => {
    @actor()
    class Plain extends Actor {
      count = 0
      @message() add(): number {
        return ++this.count
      }
    }
    const plain = new Plain()
    expect(plain.add()).toBe(1)
    expect(codeOf(() => plain.key)).toBe('OUTSIDE_HANDLER')
    expect(codeOf(() => plain.actor(Plain, 'a'))).toBe('OUTSIDE_HANDLER')
  })
})
