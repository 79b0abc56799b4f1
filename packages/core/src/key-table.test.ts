// KeyTable against a Map: the same for any keys, also for those that collide and for long ones.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOfKey, KeyTable } from './key-table.ts'

interface Item {
  readonly key: string
  readonly number: number
}

// All in one place of any table of up to 1024 slots.
const colliding = keysWhere((hash) => (hash & 1023) === 5, 100)
// In the last places and the first, so that probing goes round.
const around = keysWhere((hash) => ((hash + 2) & 1023) < 4, 30)

const keys = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom(...colliding),
  fc.constantFrom(...around),
  fc.constantFrom(127, 128, 129, 5000).map((length) => 'x'.repeat(length)),
)

describe('KeyTable', () => {
  it('finds, adds and takes out as a Map does', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'delete'), keys), { maxLength: 300 })
    fc.assert(
      fc.property(steps, fc.array(keys), (taken, asked) => {
        const table = new KeyTable<Item>()
        const model = new Map<string, Item>()
        for (const [number, [kind, key]] of taken.entries()) {
          if (kind === 'delete') {
            table.delete(key)
            model.delete(key)
          } else if (!model.has(key)) {
            table.add({ key, number })
            model.set(key, { key, number })
          }
          expect(table.size).toBe(model.size)
        }
        for (const key of [...asked, ...taken.map(([, each]) => each)]) expect(table.get(key)).toEqual(model.get(key))
      }),
    )
  })

  it('keeps more colliding keys than it has places for them', () => {
    const table = new KeyTable<Item>()
    for (const [number, key] of colliding.entries()) table.add({ key, number })
    expect(table.size).toBe(100)
    for (const key of colliding.slice(0, 50)) table.delete(key)
    expect(colliding.map((key) => table.get(key)?.number)).toEqual(
      colliding.map((_, number) => (number < 50 ? undefined : number)),
    )
    // A place that became free beside the others is used again, and found.
    table.add({ key: colliding[0]!, number: 0 })
    expect(table.get(colliding[0]!)?.number).toBe(0)
    expect(table.size).toBe(51)
  })

  it('grows', () => {
    const table = new KeyTable<Item>()
    for (let number = 0; number < 10_000; number++) table.add({ key: `key-${number}`, number })
    for (let number = 0; number < 10_000; number++) expect(table.get(`key-${number}`)?.number).toBe(number)
    expect(table.get('key-10000')).toBeUndefined()
  })

  it('walks through all, of whatever kind, once in a round', () => {
    const table = new KeyTable<Item>()
    const added = [...colliding, ...around, ...[129, 200, 5000].map((length) => 'x'.repeat(length))]
    for (const [number, key] of added.entries()) table.add({ key, number })
    for (let round = 0; round < 3; round++) expect(walked(table).toSorted()).toEqual(added.toSorted())
  })

  it('can be emptied along a walk', () => {
    fc.assert(
      fc.property(fc.uniqueArray(keys, { maxLength: 200 }), (added) => {
        const table = new KeyTable<Item>()
        for (const [number, key] of added.entries()) table.add({ key, number })
        // What closes up behind the walk is met in the next round.
        for (let rounds = 0; table.size > 0 && rounds < 20; rounds++)
          while (!table.tookRound()) {
            const item = table.next()
            if (item !== undefined) table.delete(item.key)
          }
        expect(table.size).toBe(0)
      }),
    )
  })

  it('shrinks: a walk through a few is short, however many there were', () => {
    const table = new KeyTable<Item>()
    for (let number = 0; number < 100_000; number++) table.add({ key: `key-${number}`, number })
    for (let number = 10; number < 100_000; number++) table.delete(`key-${number}`)
    let steps = 0
    for (walked(table); !table.tookRound(); steps++) table.next()
    expect(steps).toBeLessThan(100)
    for (let number = 0; number < 10; number++) expect(table.get(`key-${number}`)?.number).toBe(number)
  })

  it('finds a key however its text was put together', () => {
    const table = new KeyTable<Item>()
    table.add({ key: 'kv.space/ü', number: 1 })
    expect(table.get(['kv', '.', 'space', '/', 'ü'].join(''))?.number).toBe(1)
    expect(table.get('kv.space/u')).toBeUndefined()
  })
})

// One round.
function walked(table: KeyTable<Item>): readonly string[] {
  const met: string[] = []
  while (!table.tookRound()) {
    const item = table.next()
    if (item !== undefined) met.push(item.key)
  }
  return met
}

function keysWhere(fits: (hash: number) => boolean, count: number): readonly string[] {
  const found: string[] = []
  for (let number = 0; found.length < count; number++) if (fits(hashOfKey(`${number}`))) found.push(`${number}`)
  return found
}
