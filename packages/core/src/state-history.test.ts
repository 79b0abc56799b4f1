// StateHistory over a store: earlier states against copies that were taken when they were there. Method: random changes are
// flushed, with random retention; whatever boundary is left answers as its copy does, and what is not left throws (H1, H2).

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StateCapture } from './engine-state.ts'
import { MemoryStateStore } from './memory-state-store.ts'
import { encodeProgress, progressKey } from './state-format.ts'
import { HistoryTrimmed, StateHistory, type Boundary, type HistoryRetention } from './state-history.ts'
import type { StateChange, StateStore } from './state-store.ts'

const all: HistoryRetention = { logBytesMax: Infinity, ageUsMax: Infinity }
const names = ['a/1', 'a/2', 'a/3', 'b/1']
const anyFlush = fc.array(fc.record({ key: fc.constantFrom(...names), value: fc.option(fc.nat(250)) }), {
  maxLength: 5,
})

function open(store: StateStore, retention = all, code = 'code', skip: number[] = []): Promise<StateHistory> {
  return StateHistory.open(store, { ...retention, code, skip })
}

async function flush(
  store: StateStore,
  history: StateHistory,
  sequence: number,
  values: readonly { readonly key: string; readonly value: number | null }[] = [],
): Promise<void> {
  const progress = { sequence, logTime: sequence * 10, logHash: 0 }
  // The last change of a key wins, and a capture names a key once.
  const changed = new Map(values.map(({ key, value }) => [key, value === null ? undefined : valueOf(value)]))
  const changes = [...changed].map(([key, value]): StateChange => ({ key, value }))
  const capture: StateCapture = {
    progress,
    changes: () => [...changes, { key: progressKey, value: encodeProgress(progress) }],
  }
  await store.advance(history.capture(capture, 100))
  history.flushed()
}

// Long ones, which are kept as patches, and short ones.
function valueOf(value: number): Uint8Array {
  const bytes = new Uint8Array(value % 3 === 0 ? 1 : 200)
  bytes[0] = value
  return bytes
}

function copyOf(store: StateStore): ReadonlyMap<string, Uint8Array> {
  return new Map(names.flatMap((name) => [...store.scan(name)].map(({ key, value }) => [key, value] as const)))
}

test('a boundary that is left answers as the store did then, also after a restart; another throws', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.record({ values: anyFlush, reopens: fc.boolean() }), { maxLength: 12 }),
    fc.constantFrom(Infinity, 1000, 300, 0),
    fc.constantFrom(Infinity, 45, 0),
    async (flushes, logBytesMax, ageUsMax) => {
      const store = new MemoryStateStore()
      let history = await open(store, { logBytesMax, ageUsMax })
      const copies = new Map([[history.newest, copyOf(store)]])
      for (const [index, { values, reopens }] of flushes.entries()) {
        await flush(store, history, index + 1, values)
        copies.set(history.newest, copyOf(store))
        if (reopens) history = await open(store, { logBytesMax, ageUsMax })
      }
      expect(history.newest.sequence).toBe(flushes.length)
      const isLeft = ({ sequence }: Boundary): boolean => sequence >= history.oldest.sequence
      for (const [boundary, copy] of [...copies].filter(([each]) => isLeft(each))) {
        const state = history.at(boundary)
        for (const name of names) expect(state.get(name)).toEqual(copy.get(name))
        const scanned = new Map([...state.scan('a/')].map(({ key, value }) => [key, value]))
        expect(scanned).toEqual(new Map([...copy].filter(([key]) => key.startsWith('a/'))))
      }
      for (const boundary of [...copies.keys()].filter((each) => !isLeft(each)))
        expect(() => history.at(boundary).get('a/1')).toThrow(HistoryTrimmed)
      const kept = [...store.scan('u')].map(({ key }) => Number.parseInt(key.slice(1, 15), 16))
      expect(kept.every((sequence) => sequence >= history.oldest.sequence)).toBe(true)
    },
  )
  await fc.assert(property)
})

describe('while a flush is under way', () => {
  test('an earlier state answers the same before, amid and after it', async () => {
    const store = new MemoryStateStore()
    const history = await open(store)
    await flush(store, history, 1, [{ key: 'a/1', value: 1 }])
    const state = history.at(history.newest)
    const progress = { sequence: 2, logTime: 20, logHash: 0 }
    const changes = [...history.capture({ progress, changes: () => [{ key: 'a/1', value: valueOf(2) }] }, 1)]
    expect(state.get('a/1')).toEqual(valueOf(1))
    await store.advance(changes)
    expect(state.get('a/1')).toEqual(valueOf(1))
    history.flushed()
    expect(state.get('a/1')).toEqual(valueOf(1))
    expect(history.at(history.newest).get('a/1')).toEqual(valueOf(2))
  })

  test('what it lets go of cannot be read from its beginning on', async () => {
    const store = new MemoryStateStore()
    const history = await open(store, { logBytesMax: 0, ageUsMax: Infinity })
    await flush(store, history, 1, [{ key: 'a/1', value: 1 }])
    const state = history.at(history.newest)
    expect(state.get('a/1')).toEqual(valueOf(1))
    const progress = { sequence: 2, logTime: 20, logHash: 0 }
    history.capture({ progress, changes: () => [] }, 1)
    expect(() => state.get('a/1')).toThrow(HistoryTrimmed)
  })
})

test('boundaries know which code executed what follows, and skipped positions are kept as long as they are needed', async () => {
  const store = new MemoryStateStore()
  await flush(store, await open(store, all, 'old', [4097]), 1)
  await flush(store, await open(store, all, 'old'), 2)
  const history = await open(store, all, 'new', [9000])
  expect(history.boundaries.map(({ sequence, code }) => [sequence, code])).toEqual([
    [0, 'old'],
    [1, 'old'],
    [2, 'new'],
  ])
  expect(history.skipped).toEqual(new Set([4097, 9000]))
  const short = await open(store, { logBytesMax: 0, ageUsMax: Infinity }, 'new')
  await flush(store, short, 3)
  expect(short.skipped).toEqual(new Set())
})
