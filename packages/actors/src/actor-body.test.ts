// Goal: whatever handlers do to each other's actors, nested, re-entrant, throwing and catching, state is what it would be
// if every call copied everything first and put the copies back when it throws. Method: random scripts run both on
// actors and on a model that does just that; what the handlers observe, the results and the writes must be the same.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Actor, actor, message, query } from './index.ts'
import { ActorWorld } from './testing/actor-world.ts'

type Step =
  | { readonly op: 'add'; readonly by: number }
  | { readonly op: 'push'; readonly value: number }
  | { readonly op: 'edit'; readonly at: number; readonly value: number }
  | { readonly op: 'put'; readonly name: string; readonly value: number }
  | { readonly op: 'replace'; readonly value: number }
  | { readonly op: 'look' }
  | { readonly op: 'destroy' }
  | { readonly op: 'throw' }
  | { readonly op: 'query'; readonly key: string }
  | { readonly op: 'vandalise'; readonly key: string }
  | { readonly op: 'call'; readonly key: string; readonly steps: readonly Step[]; readonly catches: boolean }

interface Item {
  value: number
}

interface Fields {
  count: number
  items: Item[]
  names: Map<string, number>
}

const initial = (): Fields => ({ count: 0, items: [{ value: 1 }], names: new Map() })
const render = ({ count, items, names }: Fields): string => JSON.stringify([count, items, [...names]])

@actor()
class Scripted extends Actor {
  count = 0
  items: Item[] = [{ value: 1 }]
  names = new Map<string, number>()

  @message()
  run(steps: readonly Step[]): string[] {
    const seen: string[] = []
    // Held across nested calls: after a rollback it must show what it showed before.
    let held = this.items
    for (const step of steps) {
      if (step.op === 'replace') {
        this.items = [{ value: step.value }]
        held = this.items
      } else seen.push(...this.step(step))
      seen.push(`${held === this.items} ${JSON.stringify(held)}`)
    }
    return seen
  }

  @query()
  see(): string {
    return render(this)
  }

  @query()
  vandalise(): void {
    this.items[0] = { value: -1 }
    this.names.set('vandal', 1)
  }

  private step(step: Step): string[] {
    if (step.op === 'call') return this.nested(step.catches, () => this.actor(Scripted, step.key).run(step.steps))
    if (step.op === 'query') return [this.actor(Scripted, step.key).see()]
    if (step.op === 'vandalise') return this.nested(true, () => [String(this.actor(Scripted, step.key).vandalise())])
    if (step.op === 'throw') throw new Error('thrown')
    if (step.op === 'destroy') this.destroy()
    else change(this, step)
    return step.op === 'look' ? [render(this)] : []
  }

  private nested(catches: boolean, call: () => string[]): string[] {
    try {
      return call()
    } catch (error) {
      if (!catches) throw error
      return ['caught']
    }
  }
}

function change(fields: Fields, step: Step): void {
  if (step.op === 'add') fields.count += step.by
  if (step.op === 'push') fields.items.push({ value: step.value })
  if (step.op === 'put') fields.names.set(step.name, step.value)
  const item = step.op === 'edit' ? fields.items[step.at % fields.items.length] : undefined
  if (item !== undefined && step.op === 'edit') item.value = step.value
}

/** One life of one actor in the model; `born` counts replacements of its list, standing in for its identity. */
interface Life {
  fields: Fields
  list: number
  created: boolean
}

class Model {
  lives: Life[] = []
  living = new Map<string, Life>()
  destroyed = new Set<string>()
  lists = 0

  constructor(committed: ReadonlyMap<string, Fields>) {
    for (const [key, fields] of committed) this.#live(key, structuredClone(fields), false)
  }

  run(key: string, steps: readonly Step[]): string[] {
    const backup = this.#copy()
    try {
      const life = this.living.get(key) ?? this.#live(key, initial(), true)
      const seen: string[] = []
      let held = life.list
      let lost: Item[] = life.fields.items
      for (const step of steps) {
        if (step.op === 'replace') {
          life.fields.items = [{ value: step.value }]
          held = life.list = ++this.lists
        } else seen.push(...this.#step(key, life, step))
        const same = held === life.list
        if (same) lost = life.fields.items
        seen.push(`${same} ${JSON.stringify(lost)}`)
      }
      return seen
    } catch (error) {
      this.#restore(backup)
      throw error
    }
  }

  #step(key: string, life: Life, step: Step): string[] {
    if (step.op === 'call') {
      try {
        return this.run(step.key, step.steps)
      } catch (error) {
        if (!step.catches) throw error
        return ['caught']
      }
    }
    if (step.op === 'query') return [render(this.living.get(step.key)?.fields ?? initial())]
    if (step.op === 'vandalise') return ['caught']
    if (step.op === 'throw') throw new Error('thrown')
    if (step.op === 'destroy') {
      if (this.living.get(key) === life) {
        this.living.delete(key)
        this.destroyed.add(key)
      }
    } else change(life.fields, step)
    return step.op === 'look' ? [render(life.fields)] : []
  }

  #live(key: string, fields: Fields, created: boolean): Life {
    const life = { fields, list: ++this.lists, created }
    this.lives.push(life)
    this.living.set(key, life)
    return life
  }

  #copy(): () => void {
    const { lives, living, destroyed } = this
    const contents = lives.map(({ fields, list }) => ({ fields: structuredClone(fields), list }))
    const backup = { lives: [...lives], living: new Map(living), destroyed: new Set(destroyed) }
    return () => {
      Object.assign(this, backup)
      backup.lives.forEach((life, index) => Object.assign(life, contents[index]))
    }
  }

  #restore(backup: () => void): void {
    backup()
  }
}

const keys = ['a', 'b', 'c']
const key = fc.constantFrom(...keys)
const value = fc.integer({ min: 0, max: 3 })

const { steps } = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 6, depthIdentifier: 'call' }),
  step: fc.oneof(
    { depthIdentifier: 'call', depthSize: 'medium' },
    fc.record({ op: fc.constant('add' as const), by: value }),
    fc.record({ op: fc.constant('push' as const), value }),
    fc.record({ op: fc.constant('edit' as const), at: value, value }),
    fc.record({ op: fc.constant('put' as const), name: fc.constantFrom('x', 'y'), value }),
    fc.record({ op: fc.constant('replace' as const), value }),
    fc.record({ op: fc.constant('look' as const) }),
    fc.record({ op: fc.constant('destroy' as const) }),
    fc.record({ op: fc.constant('throw' as const) }),
    fc.record({ op: fc.constant('query' as const), key }),
    fc.record({ op: fc.constant('vandalise' as const), key }),
    {
      weight: 6,
      arbitrary: fc.record({ op: fc.constant('call' as const), key, steps: tie('steps'), catches: fc.boolean() }),
    },
  ),
}))

function attempt(run: () => readonly string[]): readonly string[] {
  try {
    return run()
  } catch {
    return ['threw']
  }
}

describe('a body', () => {
  test('does what a model that copies everything does', { timeout: 60_000 }, () => {
    const transactions = fc.array(fc.record({ key, steps }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(transactions, (script) => {
        const world = new ActorWorld(Scripted)
        let committed = new Map<string, Fields>()
        for (const transaction of script) {
          const model = new Model(committed)
          const expected = attempt(() => model.run(transaction.key, transaction.steps))
          const failed = expected.length === 1 && expected[0] === 'threw'
          world.last = { results: [], writes: [], tells: [] }
          const seen = attempt(() => world.actor(Scripted, transaction.key).run(transaction.steps))
          expect(seen).toEqual(expected)
          const written = failed ? new Set<string>() : writtenBy(model, committed)
          expect(new Set(world.last.writes.map((write) => write.ref.key))).toEqual(written)
          if (!failed) committed = new Map([...model.living].map(([name, life]) => [name, life.fields]))
          for (const name of keys)
            expect(world.actor(Scripted, name).see()).toBe(render(committed.get(name) ?? initial()))
          expect([...world.records.keys()].sort()).toEqual(
            [...committed.keys()].map((name) => `Scripted/${name}`).sort(),
          )
        }
      }),
      { numRuns: Number(process.env['STREAMY_RUNS'] ?? 300) },
    )
  })
})

function writtenBy(model: Model, committed: ReadonlyMap<string, Fields>): Set<string> {
  const written = new Set<string>()
  for (const [name, life] of model.living) {
    const before = committed.get(name)
    if (before === undefined || life.created || render(before) !== render(life.fields)) written.add(name)
  }
  for (const name of model.destroyed) if (committed.has(name) && !model.living.has(name)) written.add(name)
  return written
}
