// Operations on entries of the key-value layer: transactions that assert, update and read, and lists. Each transaction leaves a
// mark under a key of its own, so that the end shows of every one whether it took effect, and where.

import {
  kvSpace,
  type KvAssert,
  type KvGet,
  type KvKey,
  type KvSelector,
  type KvTransaction,
  type KvUpdate,
} from '@streamy-db/kv'
import type { Dice } from '../../differential/dice.ts'
import type { LaneCall, SharedNames } from './operations.ts'

/** One call of this workload. */
export type EntryCall =
  | { readonly kind: 'transact'; readonly mark: number; readonly transaction: KvTransaction }
  | { readonly kind: 'list'; readonly selector: KvSelector; readonly reverse: boolean }

export const entrySpace = 'simulated'
/** What begins the keys of marks. */
export const markName = 'mark'

const keysEach = 24
const textKeys = 3
const passingKeys = 6
const passWithinMs = 5000

/** Draws the next call. */
export function useEntries(dice: Dice, { unique }: SharedNames): LaneCall {
  const call = dice.happens(0.15) ? anyList(dice) : anyTransaction(dice, unique())
  return {
    call,
    run: async (db) => {
      const kv = kvSpace(db, entrySpace)
      if (call.kind === 'list') return { reply: await kv.list(call.selector, { reverse: call.reverse }).toArray() }
      return { reply: await kv.transact(call.transaction) }
    },
  }
}

function anyList(dice: Dice): EntryCall {
  return { kind: 'list', selector: anyRange(dice), reverse: dice.happens(0.5) }
}

function anyTransaction(dice: Dice, mark: number): EntryCall {
  const asserts = dice.happens(0.3) ? several(dice, 2, () => anyAssert(dice)) : []
  const updates = several(dice, 3, () => anyUpdate(dice))
  const gets = dice.happens(0.4) ? [anyGet(dice)] : []
  const markUpdate: KvUpdate = { set: [markName, mark], value: 0 }
  return { kind: 'transact', mark, transaction: { asserts, updates: [...updates, markUpdate], gets } }
}

function several<Item>(dice: Dice, most: number, draw: () => Item): Item[] {
  return Array.from({ length: 1 + dice.below(most) }, draw)
}

// Numbers only, so that every merge meets what it can be merged with.
function anyKey(dice: Dice): KvKey {
  return [dice.pick(['a', 'b']), dice.below(keysEach)]
}

function anyRange(dice: Dice): KvSelector {
  const name = dice.pick(['a', 'b'])
  if (dice.happens(0.3)) return { prefix: [name] }
  const from = dice.below(keysEach)
  return { prefix: [name], start: [name, from], end: [name, from + 1 + dice.below(10)] }
}

function anyUpdate(dice: Dice): KvUpdate {
  const kind = dice.weighted({ set: 8, delete: 3, sum: 2, min: 1, max: 1, append: 1, deleteRange: 1, passing: 2 })
  const value = dice.below(10)
  switch (kind) {
    case 'set':
      return { set: anyKey(dice), value }
    case 'delete':
      return { delete: anyKey(dice) }
    case 'sum':
      return { sum: anyKey(dice), value }
    case 'min':
      return { min: anyKey(dice), value }
    case 'max':
      return { max: anyKey(dice), value }
    case 'append':
      return { append: ['text', dice.below(textKeys)], value: 'x' }
    case 'deleteRange':
      return { deleteRange: anyRange(dice) }
    default:
      return { set: ['passing', dice.below(passingKeys)], value, expireIn: 1 + dice.below(passWithinMs) }
  }
}

function anyAssert(dice: Dice): KvAssert {
  const kind = dice.weighted({ exists: 2, absent: 2, value: 1, empty: 1, count: 2 })
  switch (kind) {
    case 'exists':
      return { key: anyKey(dice), exists: dice.happens(0.5) }
    case 'absent':
      return { key: anyKey(dice), version: undefined }
    case 'value':
      return { key: anyKey(dice), gte: dice.below(10) }
    case 'empty':
      return { range: anyRange(dice), empty: true }
    default:
      return { range: anyRange(dice), count: dice.below(6) }
  }
}

function anyGet(dice: Dice): KvGet {
  const kind = dice.weighted({ key: 2, range: 3, passing: 2, text: 1 })
  switch (kind) {
    case 'key':
      return anyKey(dice)
    case 'range':
      return { range: anyRange(dice), limit: 1 + dice.below(30), reverse: dice.happens(0.5) }
    case 'passing':
      return { range: { prefix: ['passing'] }, limit: 50, reverse: dice.happens(0.5) }
    default:
      return ['text', dice.below(textKeys)]
  }
}
