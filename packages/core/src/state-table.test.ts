// The invariants of StateTable by their numbers: first each by itself, then any interleaving against a model that
// remembers everything.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryStateStore } from './memory-state-store.ts'
import { endOfBatch, positionOf } from './position.ts'
import type { StateChange } from './state-store.ts'
import { CELL_BYTES, CellBudget } from './cell-budget.ts'
import { StateTable } from './state-table.ts'

describe('StateTable', () => {
  it('T1: answers the newest value, wherever it lies', async () => {
    const { table, store } = create()
    expect(table.get('a')).toBeUndefined()
    table.put('a', 1, positionOf(1, 1))
    expect(table.get('a')).toBe(1)
    const capture = table.capture(endOfBatch(1))
    expect(table.get('a')).toBe(1)
    await store.advance(capture)
    table.flushed()
    expect(create(store).table.get('a')).toBe(1)
    table.put('a', undefined, positionOf(2, 1))
    expect(table.get('a')).toBeUndefined()
  })

  it('T1: answers what is being flushed when it was changed again meanwhile', () => {
    const { table } = create()
    table.put('a', 1, positionOf(1, 1))
    const capture = table.capture(endOfBatch(1))
    table.put('a', 2, positionOf(2, 1))
    expect(table.get('a')).toBe(2)
    expect(entries(capture)).toEqual({ 'key/a': 1 })
    expect([...table.unflushed()]).toEqual([{ key: 'a', value: 2 }])
  })

  it('T2: captures what was put at or before a position, and nothing later', () => {
    const { table } = create()
    table.put('a', 1, positionOf(1, 1))
    table.put('a', 2, positionOf(2, 1))
    table.put('a', 3, positionOf(3, 1))
    table.put('b', 4, positionOf(3, 1))
    expect(entries(table.capture(endOfBatch(2)))).toEqual({ 'key/a': 2 })
    table.flushed()
    expect(entries(table.capture(endOfBatch(3)))).toEqual({ 'key/a': 3, 'key/b': 4 })
  })

  it('counts what newer values have replaced until a capture lets go of it', () => {
    const { table } = create()
    for (let batch = 1; batch <= 4; batch++) table.put('a', batch, positionOf(batch, 1))
    table.put('a', 5, positionOf(4, 2))
    table.put('b', 6, positionOf(4, 1))
    expect(table.olderCount).toBe(3)
    table.put('b', 7, positionOf(2, 1))
    expect(table.olderCount).toBe(4)
    table.capture(endOfBatch(2))
    expect(table.olderCount).toBe(1)
    table.flushed()
    table.capture(endOfBatch(4))
    expect(table.olderCount).toBe(0)
  })

  it('T2: captures a deletion, and what came after it only later', () => {
    const { table } = create()
    table.put('a', 1, positionOf(1, 1))
    table.put('a', undefined, positionOf(2, 1))
    table.put('a', 3, positionOf(3, 1))
    const captured = [1, 2, 3, 4].map((batch) => {
      const changes = entries(table.capture(endOfBatch(batch)))
      table.flushed()
      return changes
    })
    expect(captured).toEqual([{ 'key/a': 1 }, { 'key/a': undefined }, { 'key/a': 3 }, {}])
  })

  it('T3: a value put behind a newer one is captured in its place and never answered', () => {
    const { table } = create()
    table.put('a', 3, positionOf(3, 1))
    table.put('a', 1, positionOf(1, 1))
    table.put('a', 2, positionOf(2, 5))
    expect(table.get('a')).toBe(3)
    expect(entries(table.capture(endOfBatch(1)))).toEqual({ 'key/a': 1 })
    expect(entries(table.capture(endOfBatch(2)))).toEqual({ 'key/a': 2 })
    expect(entries(table.capture(endOfBatch(3)))).toEqual({ 'key/a': 3 })
  })

  it('T4: answers as of any batch from the last captured one on, before, during and after a flush', async () => {
    const { table, store } = create(new MemoryStateStore(), 1)
    for (const batch of [1, 2, 3]) table.put('a', batch, positionOf(batch, 1))
    const answers = (): unknown[] => [1, 2, 3, 4].map((batch) => table.getAt('a', endOfBatch(batch)))
    expect(answers()).toEqual([1, 2, 3, 3])
    const capture = table.capture(endOfBatch(2))
    expect(answers().slice(1)).toEqual([2, 3, 3])
    table.put('a', undefined, positionOf(4, 1))
    await store.advance(capture)
    expect(answers().slice(1)).toEqual([2, 3, undefined])
    table.flushed()
    for (const other of ['b', 'c', 'd']) table.get(other)
    expect(answers().slice(1)).toEqual([2, 3, undefined])
  })

  it('keeps no more clean cells than its budget, and forgets nothing that changed', async () => {
    const { table, store, loads } = create(new MemoryStateStore(), 10)
    for (let key = 0; key < 1000; key++) table.put(`${key}`, key, positionOf(1, 1))
    const before = loads.count
    for (let key = 0; key < 1000; key++) expect(table.get(`${key}`)).toBe(key)
    expect(loads.count).toBe(before)
    await store.advance(table.capture(endOfBatch(1)))
    table.flushed()
    for (let round = 0; round < 2; round++) for (let key = 0; key < 1000; key++) expect(table.get(`${key}`)).toBe(key)
    expect(loads.count - before).toBeGreaterThan(1900)
  })

  it('weighs cells by what they hold: a value a hundred times as large leaves room for fewer', async () => {
    const loadsOf = async (valueBytes: number): Promise<number> => {
      const store = new MemoryStateStore()
      const keys = Array.from({ length: 50 }, (_, key) => `${key}`)
      await store.advance(keys.map((key) => ({ key, value: new Uint8Array(valueBytes) })))
      const { table, loads } = createOfBytes(store, 250)
      for (let round = 0; round < 3; round++) for (const key of keys) table.get(key)
      return loads.count
    }
    expect(await loadsOf(10)).toBe(50)
    expect(await loadsOf(100 * CELL_BYTES)).toBe(150)
  })

  it('weighs a cell anew when its value is stored', async () => {
    const { store } = create()
    const { table, loads } = createOfBytes(store, 100)
    for (const key of ['a', 'b']) table.put(key, new Uint8Array(100 * CELL_BYTES), positionOf(1, 1))
    for (const key of ['a', 'b']) table.get(key)
    expect(loads.count).toBe(0)
    await store.advance(table.capture(endOfBatch(1)))
    table.flushed()
    for (const key of ['a', 'b']) table.get(key)
    expect(loads.count).toBe(2)
  })

  it('keeps what is used again and again, whatever else is looked at', () => {
    const store = new MemoryStateStore()
    const used = Array.from({ length: 20 }, (_, number) => `used ${number}`)
    const seldom = Array.from({ length: 2000 }, (_, number) => `seldom ${number}`)
    void store.advance([...used, ...seldom].map((key) => ({ key: `key/${key}`, value: Uint8Array.of(1, 0) })))
    const { table, loads } = create(store, 100)
    for (const [round, key] of seldom.entries()) {
      table.get(key)
      if (round % 5 === 0) for (const each of used) table.get(each)
    }
    // Each of the others had to be loaded once.
    expect(loads.count - seldom.length).toBeLessThan(2 * used.length)
    expect(table.size).toBeLessThanOrEqual(101)
  })

  it('holds no more than its budget, a large value among small ones included', async () => {
    const store = new MemoryStateStore()
    const small = Array.from({ length: 1000 }, (_, number) => ({ key: `${number}`, value: new Uint8Array(0) }))
    await store.advance([...small, { key: 'large', value: new Uint8Array(250 * CELL_BYTES) }])
    const { table } = createOfBytes(store, 600)
    for (const { key } of small) table.get(key)
    expect(table.size).toBe(600)
    table.get('large')
    expect(table.size).toBe(600 - 501 + 1)
  })

  it('shares its budget with other tables: what is used nowhere gives way first', async () => {
    const store = new MemoryStateStore()
    const keysOf = (type: string): string[] => Array.from({ length: 100 }, (_, number) => `${type} ${number}`)
    const [first, second] = [keysOf('first'), keysOf('second')]
    await store.advance([...first, ...second].map((key) => ({ key, value: new Uint8Array(0) })))
    const budget = new CellBudget(150 * CELL_BYTES)
    const [one, other] = [createOfBytes(store, 0, budget), createOfBytes(store, 0, budget)]
    for (const key of first) one.table.get(key)
    for (let round = 0; round < 20; round++) for (const key of second) other.table.get(key)
    expect(one.table.size + other.table.size).toBe(150)
    expect(other.table.size).toBe(100)
    other.table.leaveBudget()
    for (const key of first) one.table.get(key)
    expect(one.table.size).toBeLessThan(100)
  })

  it('gives up nothing that changed, however small its budget', async () => {
    const { table, store } = create(new MemoryStateStore(), 2)
    for (let key = 0; key < 1000; key++) table.put(`${key}`, key, positionOf(1, 1))
    for (let key = 0; key < 1000; key += 2) table.get(`${key}`)
    await store.advance(table.capture(endOfBatch(1)))
    expect(table.size).toBe(1000)
    table.flushed()
    expect(table.size).toBe(1)
  })

  it('lets go of what was only ever put, and of nothing that was asked for since or was there before', async () => {
    const { table, store, loads } = create()
    const flush = async (batch: number): Promise<void> => {
      await store.advance(table.capture(endOfBatch(batch)))
      table.flushed()
    }
    const loadsOf = (key: string): number => {
      const before = loads.count
      table.get(key)
      return loads.count - before
    }
    for (const key of ['only put', 'asked for', 'put again']) table.put(key, 1, positionOf(1, 1))
    table.get('asked for')
    table.put('put again', 2, positionOf(2, 1))
    const advanced = store.advance(table.capture(endOfBatch(2)))
    table.put('put meanwhile', 3, positionOf(3, 1))
    await advanced
    table.flushed()
    expect(['only put', 'asked for', 'put again', 'put meanwhile'].map(loadsOf)).toEqual([1, 0, 0, 0])
    table.put('only put', 4, positionOf(4, 1))
    await flush(4)
    expect(loadsOf('only put')).toBe(0)
  })

  it('captures in the order of keys, whatever the order of changes', () => {
    const { table } = create()
    for (const key of ['c', 'a', 'd', 'b']) table.put(key, 1, positionOf(1, 1))
    table.put('a', 2, positionOf(2, 1))
    table.put('e', 2, positionOf(2, 1))
    expect([...table.capture(endOfBatch(1))].map(({ key }) => key)).toEqual(['key/a', 'key/b', 'key/c', 'key/d'])
  })

  it.each([false, true])(
    'T1 to T4: any interleaving comes to what a full history says (sequential: %s)',
    async (sequential) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(action, { maxLength: 60 }),
          fc.integer({ min: 1, max: 6 }),
          async (actions, cellsMax) => {
            const { table, store } = create(new MemoryStateStore(), cellsMax, sequential)
            const model = new History()
            const stored: [stored: unknown[], model: unknown[]][] = []
            let batch = 1
            let captured = 0
            let flushing: StateChange[] | undefined
            for (const { kind, key, value, by } of actions) {
              if (kind === 'next') batch += 1
              else if (kind === 'put') {
                // Where transactions overlap, anything above the last capture may still be put, in any order.
                const sequence = sequential ? batch : Math.max(captured + 1, batch - by)
                const position = positionOf(sequence, sequential ? model.length + 1 : 1 + (value ?? 0))
                table.put(key, value, position)
                model.put(key, value, position)
              } else if (kind === 'capture' && flushing === undefined && batch - 1 > captured) {
                captured = sequential ? batch++ : Math.max(captured + 1, batch - 1 - by)
                flushing = [...table.capture(endOfBatch(captured))]
              } else if (kind === 'flush' && flushing !== undefined) {
                await store.advance(flushing)
                table.flushed()
                flushing = undefined
                stored.push([
                  keys.map((each) => storedIn(store, each)),
                  keys.map((each) => model.get(each, endOfBatch(captured))),
                ])
              }
              for (const each of keys) {
                expect(table.get(each)).toBe(model.get(each, Infinity))
                // Where nothing overlaps only the newest value is kept.
                for (let past = sequential ? Infinity : captured; past <= batch; past++)
                  expect(table.getAt(each, endOfBatch(past))).toBe(model.get(each, endOfBatch(past)))
              }
            }
            for (const [found, expected] of stored) expect(found).toEqual(expected)
            const unflushed = new Map([...table.unflushed()].map((change) => [change.key, change.value]))
            for (const each of keys)
              expect(unflushed.has(each) ? unflushed.get(each) : storedIn(store, each)).toBe(model.get(each, Infinity))
          },
        ),
        { numRuns: 200 },
      )
    },
  )
})

const keys = ['a', 'b', 'c'] as const
const action = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'next', 'capture', 'flush'),
  key: fc.constantFrom(...keys),
  value: fc.option(fc.nat(100), { nil: undefined }),
  by: fc.nat(3),
})

// Every value of every key with its position.
class History {
  readonly #puts: { readonly key: string; readonly value: number | undefined; readonly position: number }[] = []

  get length(): number {
    return this.#puts.length
  }

  put(key: string, value: number | undefined, position: number): void {
    this.#puts.push({ key, value, position })
  }

  get(key: string, upTo: number): number | undefined {
    const puts = this.#puts.filter((put) => put.key === key && put.position <= upTo)
    const newest = Math.max(...puts.map(({ position }) => position))
    return puts.findLast(({ position }) => position === newest)?.value
  }
}

interface Created {
  readonly table: StateTable<number>
  readonly store: MemoryStateStore
  /** How often a value was read from the store. */
  readonly loads: { count: number }
}

function create(store = new MemoryStateStore(), cellsMax = 100, sequential = false): Created {
  const loads = { count: 0 }
  const table = new StateTable<number>({
    store,
    sequential,
    budget: new CellBudget(cellsMax * CELL_BYTES),
    storageKey: (key) => `key/${key}`,
    encode: (_, value) => Uint8Array.of(value & 255, value >> 8),
    decode: (_, bytes) => {
      loads.count += 1
      return bytes[0]! + 256 * bytes[1]!
    },
  })
  return { table, store, loads }
}

function createOfBytes(store: MemoryStateStore, cellsMax: number, budget = new CellBudget(cellsMax * CELL_BYTES)) {
  const loads = { count: 0 }
  const table = new StateTable<Uint8Array>({
    store,
    sequential: true,
    budget,
    storageKey: (key) => key,
    encode: (_, value) => value,
    decode: (_, bytes) => {
      loads.count += 1
      return bytes
    },
  })
  return { table, loads }
}

function entries(changes: Iterable<StateChange>): Record<string, number | undefined> {
  return Object.fromEntries([...changes].map(({ key, value }) => [key, value && value[0]! + 256 * value[1]!]))
}

function storedIn(store: MemoryStateStore, key: string): number | undefined {
  const bytes = store.get(`key/${key}`)
  return bytes && bytes[0]! + 256 * bytes[1]!
}
