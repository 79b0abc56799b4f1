// The ports on stores that only compare and set: read entries with their versions, compute, write them if the versions still hold.
// A store that does so with one entry at a time changes several one after the other, and says so.

import { modified } from '../systems/record-value.ts'
import type { Accounts, Counters, Port, Records } from '../systems/system.ts'
import { untilCommitted, type Persistence } from '../systems/until-committed.ts'
import type { Turns } from './turns.ts'

/** An entry as it was read. */
export interface Versioned {
  /** Undefined where there is none. */
  readonly value: string | undefined
  readonly version: number
}

/** A change of one entry, if its version still holds. */
export interface Change {
  readonly key: string
  readonly value: string
  readonly version: number
}

/** A store that compares and sets. */
export interface VersionedStore {
  /** Whether several changes can be one transaction. */
  readonly changes: 'together' | 'one by one'
  /** So many calls at a time. */
  readonly turns: Turns
  read(keys: readonly string[]): Promise<readonly Versioned[]>
  /** Writes all or none; resolves with whether it has. Gets one change where it takes them one by one. */
  writeIfUnchanged(changes: readonly Change[]): Promise<boolean>
  write(entries: readonly (readonly [key: string, value: string])[]): Promise<unknown>
}

/** A new value for the one that is there. */
type Step = readonly [key: string, change: (value: string | undefined) => string]

const READ_AT_ONCE = 100
const LOADED_AT_ONCE = 100

/** Counters, of which those that nobody has counted with are not there yet. */
export function countersIn(store: VersionedStore): Counters {
  const used = new Set<string>()
  const step = (key: string): Step => {
    used.add(key)
    return [key, (value = '0') => String(Number(value) + 1)]
  }
  return {
    ...caveatOf(store),
    next: async (key) => Number((await changeAll(store, [step(key)]))[0]),
    nextOfAll: (keys) => changeAll(store, keys.map(step)),
    values: (keys) => numbersIn(store, keys, used, 0),
  }
}

/** Accounts, of which those that nobody has used are not there yet and hold what they start with. */
export function accountsIn(store: VersionedStore, openingBalance: number): Accounts {
  const used = new Set<string>()
  const give = (key: string, amount: number): Step => {
    used.add(key)
    return [key, (value = String(openingBalance)) => balanceAfter(key, Number(value), amount)]
  }
  return {
    ...caveatOf(store),
    transfer: (from, to, amount) => changeAll(store, [give(from, -amount), give(to, amount)]),
    transferToAll: (from, to, amount) =>
      changeAll(store, [give(from, -amount * to.length), ...to.map((key) => give(key, amount))]),
    balances: (keys) => numbersIn(store, keys, used, openingBalance),
  }
}

/** Records, loaded first. */
export async function recordsIn(
  store: VersionedStore,
  records: readonly (readonly [key: string, value: string])[],
): Promise<Records> {
  for (let start = 0; start < records.length; start += LOADED_AT_ONCE)
    await store.write(records.slice(start, start + LOADED_AT_ONCE))
  return {
    read: async (key) => (await store.turns.take(() => store.read([key])))[0]?.value,
    write: (key, value) => store.turns.take(() => store.write([[key, value]])),
    modify: (key) => changeAll(store, [[key, (value = '') => modified(value)]]),
  }
}

function balanceAfter(key: string, balance: number, amount: number): string {
  if (balance + amount < 0) throw new Error(`${key} has not enough`)
  return String(balance + amount)
}

function caveatOf({ changes }: VersionedStore): Port {
  return changes === 'together' ? {} : { caveat: 'not atomic: several keys are changed one after the other' }
}

// Waits for its turn before the first change only: once that is made, the others must be as well.
function changeAll(store: VersionedStore, steps: readonly Step[]): Promise<readonly string[]> {
  return store.turns.take(() => changeInTurn(store, steps))
}

async function changeInTurn(store: VersionedStore, steps: readonly Step[]): Promise<readonly string[]> {
  if (store.changes === 'together') return await change(store, steps)
  const values: string[] = []
  for (const step of steps) {
    // Once the first has been changed, the others must be as well.
    const persistence = values.length === 0 ? {} : { patienceMs: Infinity }
    values.push(...(await change(store, [step], persistence)))
  }
  return values
}

function change(
  store: VersionedStore,
  steps: readonly Step[],
  persistence: Persistence = {},
): Promise<readonly string[]> {
  const keys = steps.map(([key]) => key)
  return untilCommitted(async () => {
    const entries = await store.read(keys)
    const changes = steps.map(([key, step], index): Change => {
      const { value, version } = entries[index]!
      return { key, value: step(value), version }
    })
    return (await store.writeIfUnchanged(changes)) ? changes.map(({ value }) => value) : undefined
  }, persistence)
}

// Only what was used is there.
async function numbersIn(
  store: VersionedStore,
  keys: readonly string[],
  used: ReadonlySet<string>,
  otherwise: number,
): Promise<readonly number[]> {
  const numbers = new Map<string, number>()
  const wanted = keys.filter((key) => used.has(key))
  for (let start = 0; start < wanted.length; start += READ_AT_ONCE) {
    const read = wanted.slice(start, start + READ_AT_ONCE)
    for (const [index, { value }] of (await store.read(read)).entries())
      if (value !== undefined) numbers.set(read[index]!, Number(value))
  }
  return keys.map((key) => numbers.get(key) ?? otherwise)
}
