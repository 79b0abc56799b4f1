// The ports on peers whose state is in objects that are called by name over HTTP. What touches several objects calls one after the
// other: each call is a transaction, the whole is none.

import { COUNT_LENGTH } from '../systems/record-value.ts'
import type { Accounts, Counters, Records } from '../systems/system.ts'

/** One call of an object, or of what calls several. */
export interface ObjectCall {
  readonly type: 'Counter' | 'Account' | 'Record' | 'Several'
  readonly handler: string
  /** Which object; undefined for several. */
  readonly key?: string
  readonly argument?: unknown
}

/** Makes calls. */
export type CallObject = (call: ObjectCall) => Promise<unknown>

const READ_AT_ONCE = 100
const caveat = 'not isolated: objects are called one after the other'

/** Counters, asked for only where they were used. */
export function countersAs(call: CallObject): Counters {
  const used = new Set<string>()
  const use = (key: string): string => {
    used.add(key)
    return key
  }
  return {
    caveat,
    next: async (key) => Number(await call({ type: 'Counter', handler: 'next', key: use(key) })),
    nextOfAll: (keys) => call({ type: 'Several', handler: 'nextOfAll', argument: keys.map(use) }),
    values: (keys) =>
      readAll(keys, async (key) =>
        used.has(key) ? Number(await call({ type: 'Counter', handler: 'value', key })) : 0,
      ),
  }
}

/** Accounts, asked for only where they were used. */
export function accountsAs(call: CallObject, openingBalance: number): Accounts {
  const used = new Set<string>()
  const transferToAll = async (from: string, to: readonly string[], amount: number): Promise<void> => {
    for (const key of [from, ...to]) used.add(key)
    const argument = { from, to, amount, openingBalance }
    if ((await call({ type: 'Several', handler: 'transfer', argument })) !== true)
      throw new Error(`${from} has not enough`)
  }
  return {
    caveat,
    transfer: (from, to, amount) => transferToAll(from, [to], amount),
    transferToAll,
    balances: (keys) =>
      readAll(keys, async (key) => {
        const balance = used.has(key) ? await call({ type: 'Account', handler: 'balance', key }) : null
        return balance === null ? openingBalance : Number(balance)
      }),
  }
}

/** Records. One that nobody has written is what it was to be loaded with. */
export function recordsAs(call: CallObject, records: readonly (readonly [key: string, value: string])[]): Records {
  const initial = new Map(records)
  return {
    read: async (key) => {
      const value = await call({ type: 'Record', handler: 'read', key })
      return typeof value === 'string' ? value : initial.get(key)
    },
    write: (key, value) => call({ type: 'Record', handler: 'write', key, argument: value }),
    modify: (key) =>
      call({
        type: 'Record',
        handler: 'modify',
        key,
        argument: { digits: COUNT_LENGTH, initial: initial.get(key) },
      }),
  }
}

async function readAll(keys: readonly string[], read: (key: string) => Promise<number>): Promise<readonly number[]> {
  const values: number[] = []
  for (let start = 0; start < keys.length; start += READ_AT_ONCE)
    values.push(...(await Promise.all(keys.slice(start, start + READ_AT_ONCE).map(read))))
  return values
}
