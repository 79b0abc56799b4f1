// The conformance suite of the state shelf contract (`state-shelf.ts`): every implementation passes these tests. What is
// particular to one implementation (crashes, damage, locks) is tested beside it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StateShelf } from '../cluster/worker/state-shelf.ts'

/** One place for shelves under test, empty at first. */
export interface StateShelfFixture {
  /** Opens the shelf, as a worker's start does; called again once all stores of the one before are closed. */
  open(): Promise<StateShelf>
  /** Removes what the shelf left behind. */
  discard(): Promise<void>
  /** Whether stores survive another `open`. */
  readonly durable: boolean
}

/** Runs the suite against the shelves that `create` makes. */
export function testStateShelfConformance(name: string, create: () => Promise<StateShelfFixture>): void {
  describe(`${name} as a state shelf`, () => {
    let fixture: StateShelfFixture
    let shelf: StateShelf

    beforeEach(async () => {
      fixture = await create()
      shelf = await fixture.open()
    })

    afterEach(async () => await fixture.discard())

    it('holds nothing at first', async () => {
      expect(await shelf.existing()).toEqual([])
    })

    it('makes stores that are empty and know nothing of each other', async () => {
      const [one, two] = [await shelf.create(), await shelf.create()]
      await one.store.advance([{ key: 'a', value: Uint8Array.of(1) }])
      expect(two.store.get('a')).toBeUndefined()
      expect(one.store.get('a')?.[0]).toBe(1)
      await one.close()
      await two.discard()
    })

    it('gives back at the next start what was closed, and nothing of what was discarded', async (context) => {
      context.skip(!fixture.durable, 'it keeps nothing')
      const stores = [await shelf.create(), await shelf.create(), await shelf.create()]
      for (const [number, { store }] of stores.entries())
        await store.advance([{ key: 'number', value: Uint8Array.of(number) }])
      await stores[0]!.close()
      await stores[1]!.discard()
      await stores[2]!.close()
      shelf = await fixture.open()
      const existing = await shelf.existing()
      const numbers = existing.map(({ store }) => store.get('number')?.[0])
      expect(new Set(numbers)).toEqual(new Set([0, 2]))
      for (const shelved of existing) await shelved.close()
    })

    // Found by the simulation: a store in use was taken for one of before, and two replicas wrote to it.
    it('does not give what is in use, whenever it is asked for what was left', async () => {
      const made = await shelf.create()
      expect(await shelf.existing()).toEqual([])
      await made.store.advance([{ key: 'a', value: Uint8Array.of(1) }])
      expect(made.store.get('a')?.[0]).toBe(1)
      await made.close()
    })

    it('makes stores beside those that an earlier start has left', async (context) => {
      context.skip(!fixture.durable, 'it keeps nothing')
      const old = await shelf.create()
      await old.store.advance([{ key: 'age', value: Uint8Array.of(1) }])
      await old.close()
      shelf = await fixture.open()
      const [existing] = await shelf.existing()
      const young = await shelf.create()
      await young.store.advance([{ key: 'age', value: Uint8Array.of(2) }])
      expect(existing!.store.get('age')?.[0]).toBe(1)
      await young.close()
      await existing!.discard()
      shelf = await fixture.open()
      const left = await shelf.existing()
      expect(left.map(({ store }) => store.get('age')?.[0])).toEqual([2])
      for (const shelved of left) await shelved.close()
    })
  })
}
