// The EventTimeSorter, by the numbers of its invariants: first each by itself, then any interleaving at all.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventTimeSorter, type PushResult, type Sorted } from './event-time-sorter.ts'
import { limits } from './limits.ts'

describe('EventTimeSorter', () => {
  it('W1: releases by position, and one position in the order of the sources', () => {
    const sorter = new EventTimeSorter<string, string>({ sources: ['b', 'a'] })
    sorter.push('a', 7, 'a7')
    sorter.push('b', 9, 'b9')
    sorter.push('a', 3, 'a3')
    sorter.push('b', 7, 'b7')
    sorter.complete('a', 10)
    sorter.complete('b', 10)
    expect(itemsOf(sorter.release())).toEqual(['a3', 'b7', 'a7', 'b9'])
    expect(sorter.size).toBe(0)
  })

  it('W2: holds back what a source might still come before, and releases a position as a whole', () => {
    const sorter = new EventTimeSorter<number, string>({ sources: [0, 1, 2] })
    sorter.push(0, 5, 'x')
    sorter.push(1, 5, 'y')
    sorter.complete(0, 9)
    sorter.complete(1, 5)
    expect(sorter.release()).toEqual([])
    sorter.complete(2, 4)
    expect(sorter.watermark).toBe(4)
    expect(sorter.release()).toEqual([])
    sorter.complete(2, 5)
    expect(itemsOf(sorter.release())).toEqual(['x', 'y'])
  })

  it('W3: drops repeats, of what it holds and of what it has released', () => {
    const sorter = new EventTimeSorter<number, string>({ sources: [0, 1] })
    expect(sorter.push(0, 5, 'first')).toBe('buffered')
    expect(sorter.push(0, 5, 'again')).toBe('repeated')
    expect(sorter.push(1, 5, 'other')).toBe('buffered')
    sorter.complete(0, 5)
    expect(sorter.push(0, 4, 'too late')).toBe('repeated')
    sorter.complete(1, 5)
    expect(itemsOf(sorter.release())).toEqual(['first', 'other'])
    expect(sorter.push(1, 5, 'again')).toBe('repeated')
    expect(sorter.release()).toEqual([])
  })

  it('W3: a source that says less than before takes nothing back', () => {
    const sorter = new EventTimeSorter<number, string>({ sources: [0] })
    sorter.complete(0, 5)
    sorter.complete(0, 3)
    expect(sorter.watermark).toBe(5)
    expect(sorter.push(0, 4, 'late')).toBe('repeated')
  })

  it('begins behind what is known already', () => {
    const sorter = new EventTimeSorter<number, string>({ sources: [0], from: 100 })
    expect(sorter.push(0, 100, 'known')).toBe('repeated')
    sorter.push(0, 101, 'new')
    sorter.complete(0, 101)
    expect(itemsOf(sorter.release())).toEqual(['new'])
  })

  it('W4: refuses when it is full, but never the source that all others wait for', () => {
    const sorter = new EventTimeSorter<string, number>({ sources: ['fast', 'slow'], itemsMax: 3 })
    sorter.complete('fast', 1)
    for (const position of [10, 11, 12]) expect(sorter.push('fast', position, position)).toBe('buffered')
    expect(sorter.push('fast', 13, 13)).toBe('refused')
    expect(sorter.push('fast', 12, 12)).toBe('repeated')
    expect(sorter.push('slow', 2, 2)).toBe('buffered')
    sorter.complete('fast', 12)
    sorter.complete('slow', 11)
    expect(itemsOf(sorter.release())).toEqual([2, 10, 11])
    expect(sorter.push('fast', 13, 13)).toBe('buffered')
  })

  it('W4: holds as much as its limit says', () => {
    const sorter = new EventTimeSorter<string, number>({ sources: ['a', 'b'] })
    sorter.complete('a', 1)
    const results = Array.from({ length: limits.sorterItemsMax + 10 }, (_, index) => sorter.push('a', index + 2, index))
    expect(results.filter((result) => result === 'buffered')).toHaveLength(limits.sorterItemsMax)
    expect(results.at(-1)).toBe('refused')
  })

  it('knows its sources', () => {
    const broken = expect.objectContaining({ code: 'INVARIANT_BROKEN' })
    expect(() => new EventTimeSorter({ sources: [] })).toThrow(broken)
    expect(() => new EventTimeSorter({ sources: [1, 1] })).toThrow(broken)
    expect(() => new EventTimeSorter<number, number>({ sources: [1] }).push(2, 1, 1)).toThrow(broken)
    expect(() => new EventTimeSorter<number, number>({ sources: [1] }).complete(2, 1)).toThrow(broken)
  })

  it('W1 to W4: any interleaving of partially ordered sources, with repeats and late ones, gives the sorted union', () => {
    fc.assert(
      fc.property(scenario, ({ items, itemsMax, choices }) => {
        const sources = [...items.keys()]
        const sorter = new EventTimeSorter<number, string>({ sources, itemsMax })
        const feeds = sources.map((source) => new Feed(source, items[source]!))
        const released: Sorted<number, string>[] = []
        // Random choices first, then everything in turn, until all is through.
        for (let step = 0; feeds.some((feed) => !feed.done); step++) {
          expect(step).toBeLessThan(10_000)
          feeds[(choices[step] ?? step) % feeds.length]!.step(sorter, choices[step + 1] ?? 0)
          for (const sorted of sorter.release()) {
            for (const feed of feeds) expect(feed.complete).toBeGreaterThanOrEqual(sorted.position)
            released.push(sorted)
          }
        }
        const union = sources.flatMap((source) => items[source]!.map((position) => ({ position, source })))
        union.sort((a, b) => a.position - b.position || a.source - b.source)
        expect(released).toEqual(
          union.map(({ position, source }) => ({ position, source, item: `${source}/${position}` })),
        )
        for (const { repeats } of feeds) expect(repeats).toEqual(repeats.map(() => 'repeated'))
        expect(sorter.size).toBe(0)
      }),
    )
  })
})

const positions = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 15 })
const scenario = fc.record({
  items: fc.array(positions, { minLength: 1, maxLength: 4 }),
  itemsMax: fc.integer({ min: 1, max: 20 }),
  choices: fc.array(fc.nat(100), { maxLength: 120 }),
})

// One source: it sends what it has in stretches, each in any order and with repeats, and says what it is complete to.
class Feed {
  complete = 0
  /** What became of what it sent twice. */
  readonly repeats: PushResult[] = []
  readonly #source: number
  readonly #rest: number[]
  #stretch: number[] = []

  constructor(source: number, items: readonly number[]) {
    this.#source = source
    this.#rest = [...items].sort((a, b) => a - b)
  }

  get done(): boolean {
    return this.complete >= 50
  }

  step(sorter: EventTimeSorter<number, string>, choice: number): void {
    if (this.#stretch.length === 0) this.#stretch = this.#rest.splice(0, 1 + (choice % 4))
    for (let at = choice; this.#stretch.length > 0; at += 7) {
      const position = this.#stretch[at % this.#stretch.length]!
      if (sorter.push(this.#source, position, `${this.#source}/${position}`) === 'refused') return
      if (choice % 3 === 0) this.repeats.push(sorter.push(this.#source, position, 'repeat'))
      this.#stretch.splice(at % this.#stretch.length, 1)
    }
    // Everything below the next item is known to be all.
    this.complete = (this.#rest[0] ?? 51) - 1
    sorter.complete(this.#source, this.complete)
  }
}

function itemsOf<Item>(sorted: readonly Sorted<unknown, Item>[]): Item[] {
  return sorted.map(({ item }) => item)
}
