// The conformance suite of the state store contract (`state-store.ts`): every implementation passes these tests. What is
// particular to one implementation (crashes, damage) is tested beside it.

import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StateChange, StateStore } from '../state-store.ts'

/** One state store under test, empty at first. */
export interface StateStoreFixture {
  /** Opens the store; called again after `close` for a store that keeps its entries, with the same entries expected. */
  open(): Promise<StateStore>
  /** Removes what the store left behind. */
  discard(): Promise<void>
  /** Whether entries survive `close` and another `open`. */
  readonly durable: boolean
}

/** Runs the suite against the stores that `create` makes. */
export function testStateStoreConformance(name: string, create: () => Promise<StateStoreFixture>): void {
  describe(`${name} as a state store`, () => {
    let fixture: StateStoreFixture
    let store: StateStore

    beforeEach(async () => {
      fixture = await create()
      store = await fixture.open()
    })

    afterEach(async () => {
      await store.close()
      await fixture.discard()
    })

    it('holds nothing at first', () => {
      expect(store.get('a')).toBeUndefined()
      expect(Array.from(store.scan(''))).toEqual([])
    })

    it('sets, replaces and deletes', async () => {
      await store.advance([put('a', 'one'), put('b', 'two')])
      expect(contents(store)).toEqual({ a: 'one', b: 'two' })
      await store.advance([put('a', 'three'), { key: 'b', value: undefined }, { key: 'absent', value: undefined }])
      expect(contents(store)).toEqual({ a: 'three' })
      expect(store.get('b')).toBeUndefined()
    })

    it('lets the last change of a key win', async () => {
      await store.advance([
        put('a', '1'),
        { key: 'a', value: undefined },
        put('a', '2'),
        put('b', '1'),
        { key: 'b', value: undefined },
      ])
      expect(contents(store)).toEqual({ a: '2' })
    })

    it('takes an advance without changes', async () => {
      await store.advance([])
      await store.advance([put('a', 'one')])
      await store.advance([])
      expect(contents(store)).toEqual({ a: 'one' })
    })

    it('keeps empty and large values', async () => {
      const sizes = [0, 1, 7, 8, 100, 2047, 4096, 70_000, 1_000_000, 16 * 1024 * 1024]
      await store.advance(sizes.map((size) => ({ key: `size/${size}`, value: new Uint8Array(size).fill(size % 251) })))
      for (const size of sizes) {
        const value = store.get(`size/${size}`)
        expect(value?.length).toBe(size)
        expect(value?.every((byte) => byte === size % 251)).toBe(true)
      }
    })

    it('leaves bytes it returned alone when others are read and written', async () => {
      await store.advance([put('a', 'first'), put('b', 'second')])
      const [a, b] = [store.get('a'), store.get('b')]
      await store.advance([put('a', 'x'.repeat(5000))])
      store.get('a')
      expect([text(a), text(b)]).toEqual(['first', 'second'])
    })

    it('does not mind what becomes of the bytes it was given', async () => {
      // A Buffer too: its `slice` is no copy.
      for (const value of [new TextEncoder().encode('given'), Buffer.from('given')]) {
        await store.advance([{ key: 'a', value }])
        value.fill(0)
        expect(text(store.get('a'))).toBe('given')
      }
    })

    it('tells keys of every length and alphabet apart', async () => {
      const keys = ['a', 'ä', '\u{1F600}', ' ', '\u0001', '__proto__', 'constructor', 'a/b', 'a/', '\uFFFF']
      for (const length of [500, 1000, 1023, 1024, 1025, 1500, 1900, 1978, 1979, 2000, 4999, 5000]) {
        for (const end of ['x', 'y']) keys.push('k'.repeat(length - 1) + end)
      }
      keys.push('ü'.repeat(2500), `${'ü'.repeat(2499)}zz`, '\u{1F600}'.repeat(1250), `a${'\u{1F600}'.repeat(1249)}`)
      await store.advance(keys.map((key) => put(key, key)))
      for (const key of keys) expect(text(store.get(key))).toBe(key)
      expect(Array.from(store.scan(''), ({ key }) => key).sort()).toEqual(keys.toSorted())
      await store.advance(keys.slice(0, -1).map((key) => ({ key, value: undefined })))
      expect(Array.from(store.scan(''), ({ key }) => key)).toEqual(keys.slice(-1))
    })

    it('scans exactly the keys with the prefix', async () => {
      const long = 'p'.repeat(3000)
      const keys = ['a', 'a/', 'a/1', 'a/2', 'a0', 'b', 'ab', `${long}1`, `${long}2`, `${long.slice(1)}3`]
      await store.advance(keys.map((key) => put(key, key)))
      for (const prefix of ['', 'a', 'a/', 'a/1', 'c', 'p', long, `${long}2`, `${long}22`]) {
        const found = Array.from(store.scan(prefix), ({ key, value }) => ({ key, value: text(value) }))
        const expected = keys.filter((key) => key.startsWith(prefix)).map((key) => ({ key, value: key }))
        expect(found.sort(byKey)).toEqual(expected.sort(byKey))
      }
    })

    it('answers as a map does, whatever is done to it', async () => {
      const key = fc.oneof(
        fc.constantFrom('a', 'b', 'a/b', 'k'.repeat(3000)),
        fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
      )
      const usable = key.filter((candidate) => !candidate.includes('\0'))
      const change = fc.record({ key: usable, value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }) })
      const model = new Map<string, Uint8Array>()
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 20 }), async (changes) => {
          await store.advance(changes)
          for (const { key: changed, value } of changes) {
            if (value === undefined) model.delete(changed)
            else model.set(changed, value)
          }
          for (const { key: changed } of changes) expect(bytes(store.get(changed))).toEqual(bytes(model.get(changed)))
          const scanned = Array.from(store.scan(''), (entry) => [entry.key, bytes(entry.value)])
          expect(new Map(scanned as [string, number[]][])).toEqual(
            new Map(Array.from(model, ([each, value]) => [each, bytes(value)])),
          )
        }),
        { numRuns: 40 },
      )
    })

    it('answers from before or from after for all keys alike, as long as nobody else has a turn', async () => {
      const keys = Array.from({ length: 300 }, (_, index) => `key/${index}`)
      for (const round of ['1', '2', '3']) {
        const under = { way: true }
        const advanced = store.advance(keys.map((key) => put(key, round))).finally(() => (under.way = false))
        while (under.way) {
          const answers = new Set(keys.map((key) => text(store.get(key))))
          for (const { value } of store.scan('key/')) answers.add(text(value))
          expect(answers.size).toBeLessThanOrEqual(1)
          await turn()
        }
        await advanced
        expect(text(store.get('key/0'))).toBe(round)
      }
    })

    it('applies nothing when its changes cannot be iterated to the end', async () => {
      await store.advance([put('a', 'before')])
      function* broken(): Iterable<StateChange> {
        yield put('a', 'after')
        yield put('b', 'after')
        throw new RangeError('broken')
      }
      await expect(store.advance(broken())).rejects.toThrow('broken')
      expect(contents(store)).toEqual({ a: 'before' })
      await store.advance([put('c', 'later')])
      expect(contents(store)).toEqual({ a: 'before', c: 'later' })
    })

    it('answers from before or after while an advance is under way, and from after when it is done', async () => {
      await store.advance([put('a', 'before')])
      const advancing = store.advance([put('a', 'after')])
      expect(['before', 'after']).toContain(text(store.get('a')))
      await advancing
      expect(text(store.get('a'))).toBe('after')
    })

    it('refuses after close', async () => {
      await store.close()
      expect(() => store.get('a')).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
      expect(() => Array.from(store.scan(''))).toThrow(expect.objectContaining({ code: 'DATABASE_CLOSED' }))
      await expect(store.advance([put('a', 'x')])).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
    })

    it('holds the same state after it was closed and opened again', async (context) => {
      context.skip(!fixture.durable, 'it keeps nothing')
      await store.advance(Array.from({ length: 5000 }, (_, index) => put(`key/${index}`, `value ${index}`)))
      await store.advance([{ key: 'key/17', value: undefined }, put('l'.repeat(5000), 'long')])
      await store.close()
      store = await fixture.open()
      expect(store.get('key/17')).toBeUndefined()
      expect(text(store.get('key/4999'))).toBe('value 4999')
      expect(text(store.get('l'.repeat(5000)))).toBe('long')
      expect(Array.from(store.scan('key/'))).toHaveLength(4999)
    })
  })
}

function put(key: string, value: string): StateChange {
  return { key, value: new TextEncoder().encode(value) }
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value)
}

function bytes(value: Uint8Array | undefined): number[] | undefined {
  return value === undefined ? undefined : Array.from(value)
}

function contents(store: StateStore): Record<string, string | undefined> {
  return Object.fromEntries(Array.from(store.scan(''), ({ key, value }) => [key, text(value)]))
}

function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : 1
}
