// Goal: the ports on stores that only compare and set lose nothing and count nothing twice. Method: a store in memory whose every
// request lets others go first, so that callers do conflict.
import { expect, test } from 'vitest'
import { initialRecords } from '../workloads/record-calls.ts'
import { modifications, recordValue } from '../systems/record-value.ts'
import { GaveUp } from '../systems/system.ts'
import { accountsIn, countersIn, recordsIn, type VersionedStore } from './compare-and-set.ts'
import { Turns } from './turns.ts'

interface Entry {
  readonly value: string
  readonly version: number
}

class MemoryStore implements VersionedStore {
  readonly changes: VersionedStore['changes']
  readonly turns = new Turns(100)
  readonly #entries = new Map<string, Entry>()
  conflicts = 0
  largestWrite = 0

  constructor(changes: VersionedStore['changes']) {
    this.changes = changes
  }

  async read(keys: readonly string[]): Promise<readonly { value: string | undefined; version: number }[]> {
    await Promise.resolve()
    return keys.map((key) => this.#entries.get(key) ?? { value: undefined, version: 0 })
  }

  async writeIfUnchanged(changes: readonly { key: string; value: string; version: number }[]): Promise<boolean> {
    await Promise.resolve()
    this.largestWrite = Math.max(this.largestWrite, changes.length)
    const holds = changes.every(({ key, version }) => (this.#entries.get(key)?.version ?? 0) === version)
    if (!holds) this.conflicts += 1
    else for (const { key, value, version } of changes) this.#entries.set(key, { value, version: version + 1 })
    return holds
  }

  async write(entries: readonly (readonly [string, string])[]): Promise<void> {
    for (const [key, value] of entries)
      this.#entries.set(key, { value, version: (this.#entries.get(key)?.version ?? 0) + 1 })
  }
}

test.each(['together', 'one by one'] as const)('callers that conflict all count once, %s', async (changes) => {
  const store = new MemoryStore(changes)
  const counters = countersIn(store)
  const ids = await Promise.all(Array.from({ length: 8 }, () => counters.next('hot')))
  expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(store.conflicts).toBeGreaterThan(0)
  await Promise.all([counters.nextOfAll(['hot', 'a', 'b']), counters.nextOfAll(['hot', 'b', 'c'])])
  expect(await counters.values(['hot', 'a', 'b', 'c', 'unused'])).toEqual([10, 1, 2, 1, 0])
  expect(store.largestWrite).toBe(changes === 'together' ? 3 : 1)
  expect(counters.caveat === undefined).toBe(changes === 'together')
})

test('money moves, and an account that has not enough gives none', async () => {
  const accounts = accountsIn(new MemoryStore('together'), 10)
  await accounts.transfer('a', 'b', 4)
  await accounts.transferToAll('b', ['c', 'd'], 7)
  await expect(accounts.transfer('a', 'b', 7)).rejects.toThrow('not enough')
  expect(await accounts.balances(['a', 'b', 'c', 'd', 'unused'])).toEqual([6, 0, 17, 17, 10])
})

test('records are modified once for each call', async () => {
  const records = await recordsIn(new MemoryStore('together'), initialRecords('r', 250))
  await records.write('r7', recordValue('r7', 1))
  await Promise.all([records.modify('r7'), records.modify('r7'), records.modify('r249')])
  expect(modifications((await records.read('r7'))!)).toBe(2)
  expect(modifications((await records.read('r249'))!)).toBe(1)
  expect(await records.read('none')).toBeUndefined()
})

test('an error of the store is not taken for a conflict', async () => {
  const store = new MemoryStore('together')
  store.writeIfUnchanged = () => Promise.reject(new Error('down'))
  await expect(countersIn(store).next('a')).rejects.toThrow('down')
  await expect(countersIn(store).next('a')).rejects.not.toThrow(GaveUp)
})
