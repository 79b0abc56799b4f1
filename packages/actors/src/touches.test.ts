// Declared footprints: what `touches` may return, and how it reads.

import { freeze } from '@streamy-db/core'
import { describe, expect, test } from 'vitest'
import { Actor, actor, message, reads } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'
import { codeOf } from './testing/code-of.ts'

@actor()
class Hub extends Actor {
  @message({ touches: (self, to: string[]) => to.map((key) => self.actor(Hub, key)) })
  all(_to: string[], _rest: number): void {}

  @message({
    touches: (self, to: string) => [reads(self.actor(Hub, to)), self.actor('Hub', `${self.key}2`), self.actor(Hub, to)],
  })
  mixed(_to: string): void {}

  @message({ touches: () => 5 as unknown as [] })
  noList(): void {}

  @message({ touches: () => ['Hub/a'] as unknown as [] })
  noReference(): void {}

  @message({ touches: (self) => [self.actor(Hub, String(Date.now()))] })
  timed(): void {}

  @message({ touches: (self) => [self.actor(Hub, String(Math.random()))] })
  rolled(): void {}

  @message()
  none(): void {}
}

describe('touches', () => {
  const world = new ActorWorld(Hub)
  const touched = (name: string, ...args: unknown[]): string[] =>
    world.program
      .touches({ ...world.call('Hub', 'me', name), args: args.map((arg) => arg as string) })
      .map(({ ref, mode }) => `${mode} ${ref.id}`)

  test('names each other actor once, written wins over read', () => {
    expect(touched('mixed', 'x')).toEqual(['write Hub/x', 'write Hub/me2'])
    expect(touched('mixed', 'me')).toEqual(['write Hub/me2'])
    expect(touched('none')).toEqual([])
  })

  test('that is no list of references is refused', () => {
    expect(codeOf(() => touched('noList'))).toBe('TRANSACTION_INVALID')
    expect(codeOf(() => touched('noReference'))).toBe('TRANSACTION_INVALID')
    expect(codeOf(() => touched('nope'))).toBe('MESSAGE_UNKNOWN')
  })

  test('that asks a clock or a die is refused', () => {
    const isolated = (name: string): string => codeOf(() => world.program.isolate(() => touched(name)))
    expect(isolated('timed')).toBe('HANDLER_NOT_DETERMINISTIC')
    expect(isolated('rolled')).toBe('HANDLER_NOT_DETERMINISTIC')
  })

  test('gets its arguments thawed', () => {
    const args = [freeze(['a', 'me', 'b', 'a'], 'list'), 1]
    const touches = world.program.touches({ ...world.call('Hub', 'me', 'all'), args })
    expect(touches.map(({ ref }) => ref.id)).toEqual(['Hub/a', 'Hub/b'])
  })

  test('of more actors than a transaction may have are refused', () => {
    @actor()
    class Wide extends Actor {
      @message({ touches: (self, n: number) => Array.from({ length: n }, (_, i) => self.actor(Wide, String(i))) })
      go(_n: number): void {}
    }
    const wide = new ActorWorld(Wide)
    expect(wide.program.touches(wide.call('Wide', 'x', 'go', 4096))).toHaveLength(4096)
    expect(codeOf(() => wide.program.touches(wide.call('Wide', 'x', 'go', 4097)))).toBe('TRANSACTION_INVALID')
  })
})
