// Snapshots of object graphs: what changed is seen, and everything is put back in place.

import { describe, expect, test } from 'vitest'
import { ObjectSnapshot } from './object-snapshot.ts'

function graph() {
  const inner = { a: 1, b: [1, 2] }
  const shared = new Map<unknown, unknown>([['k', inner]])
  const root = {
    list: [inner, 3],
    map: shared,
    set: new Set<unknown>([1, inner]),
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
    self: undefined as unknown,
  }
  root.self = root
  return { root, inner, shared }
}

describe('a snapshot', () => {
  test.each<[string, (g: ReturnType<typeof graph>) => void]>([
    ['an element', ({ root }) => (root.list[1] = 4)],
    ['a length', ({ root }) => root.list.push(1)],
    ['a deep property', ({ inner }) => (inner.a = 2)],
    ['a new key', ({ inner }) => Object.assign(inner, { c: 1 })],
    ['a deleted key', ({ inner }) => delete (inner as { a?: number }).a],
    ['a deep element', ({ inner }) => inner.b.sort((a, b) => b - a)],
    ['a map entry', ({ shared }) => shared.set('k', 1)],
    ['a map key', ({ shared }) => shared.set('l', 1)],
    ['a set item', ({ root }) => root.set.delete(1)],
    ['a date', ({ root }) => root.date.setTime(6)],
    ['bytes', ({ root }) => (root.bytes[0] = 9)],
    ['the root', ({ root }) => (root.self = 1)],
  ])('sees a change of %s and undoes it in place', (_what, change) => {
    const changing = graph()
    const snapshot = new ObjectSnapshot(changing.root)
    expect(snapshot.changed()).toBe(false)
    change(changing)
    expect(snapshot.changed()).toBe(true)
    snapshot.restore()
    expect(snapshot.changed()).toBe(false)
    expect(changing.root).toEqual(graph().root)
    expect(changing.root.list[0]).toBe(changing.inner)
    expect(Object.keys(changing.inner)).toEqual(['a', 'b'])
  })

  test('leaves alone what state cannot hold', () => {
    class Foreign {
      x = 1
    }
    const foreign = new Foreign()
    const snapshot = new ObjectSnapshot({ foreign })
    foreign.x = 2
    expect(snapshot.changed()).toBe(false)
    snapshot.restore()
    expect(foreign.x).toBe(2)
  })
})
