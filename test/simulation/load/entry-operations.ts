// Operations of the key-value layer: random transactions with asserts over few keys, whose leaves split and merge all the
// time, and reads. What changes anything sets a key of its own, which marks it; see judgement/operation-records.ts.

import { KvTypeMismatch, kvInTransaction, kvSpace } from '@streamy-db/kv'
import type { Kv, KvAssert, KvGet, KvKey, KvResult, KvSelector, KvTransaction, KvUpdate } from '@streamy-db/kv'
import type { KvEntry, KvTransactionResult } from '@streamy-db/kv'
import { treeOf, treeShape } from '@streamy-db/kv/testing'
import { layerPortOf, type Database } from '@streamy-db/runtime'
import type { Dice } from '../../differential/dice.ts'
import { markOf } from '../judgement/operation-records.ts'
import type { MarkedCall } from '../judgement/judge-model.ts'
import type { LaneCall, SharedNames } from './operations.ts'

export const entrySpace = 'simulated'

/** One call, as it is recorded and as the model takes it. */
export type EntryCall =
  | (MarkedCall & { readonly kind: 'transact'; readonly transaction: KvTransaction })
  /** Reads two keys and then sets each to what the other was. */
  | (MarkedCall & { readonly kind: 'swap'; readonly keys: readonly [KvKey, KvKey]; readonly marker: KvKey })
  | (MarkedCall & { readonly kind: 'get'; readonly keys: readonly KvKey[] })
  | (MarkedCall & {
      readonly kind: 'list'
      readonly selector: KvSelector
      readonly reverse: boolean
      readonly limit: number
    })
  /** What is wrong with the index, once nobody writes. */
  | (MarkedCall & { readonly kind: 'verify' })

const names = ['a', 'b'] as const
const keysOfName = 24
const listedMax = 5000

/** Draws the calls of one lane. It asserts what it has seen before. */
export class EntryLane {
  readonly #dice: Dice
  readonly #shared: SharedNames
  readonly #seen = new Map<string, KvResult>()

  constructor(dice: Dice, shared: SharedNames) {
    this.#dice = dice
    this.#shared = shared
  }

  next(): LaneCall {
    const kind = this.#dice.weighted({ transact: 8, swap: 1, get: 1, list: 2 })
    const call = kind === 'transact' ? this.#transact() : kind === 'swap' ? this.#swap() : this.#read(kind)
    return { call, run: async (db) => ({ reply: await this.#run(db, call) }) }
  }

  async #run(db: Database, call: EntryCall): Promise<unknown> {
    const kv = kvSpace(db, entrySpace)
    if (call.kind !== 'transact') return await runEntries(kv, db, call)
    const reply = await runEntries(kv, db, call)
    // What this kind of call is answered with.
    if (typeof reply === 'object') this.#remember(reply as SimpleResult)
    return reply
  }

  #remember(result: SimpleResult): void {
    if (!result.ok) return
    for (const entry of result.gets.flat() as readonly KvResult[]) this.#seen.set(JSON.stringify(entry.key), entry)
  }

  #transact(): EntryCall {
    const dice = this.#dice
    const mark = this.#mark()
    const some = <Item>(max: number, make: () => Item): Item[] => Array.from({ length: dice.below(max + 1) }, make)
    const marker: KvUpdate = { sum: markerOf(mark), value: 1 }
    const transaction = {
      asserts: dice.happens(0.4) ? some(2, () => this.#assert()) : [],
      updates: [marker, ...some(4, () => this.#update())],
      gets: some(2, () => this.#get()),
    }
    return { kind: 'transact', mark, transaction }
  }

  #swap(): EntryCall {
    const mark = this.#mark()
    return { kind: 'swap', mark, keys: [this.#key(), this.#key()], marker: markerOf(mark) }
  }

  #read(kind: 'get' | 'list'): EntryCall {
    const dice = this.#dice
    if (kind === 'get')
      return { kind, mark: undefined, keys: Array.from({ length: 1 + dice.below(3) }, () => this.#key()) }
    const limit = dice.pick([1, 3, 10, listedMax])
    return { kind, mark: undefined, selector: this.#selector(), reverse: dice.happens(0.5), limit }
  }

  #mark(): string {
    return markOf(this.#shared.unique())
  }

  #key(): KvKey {
    return [this.#dice.pick(names), this.#dice.below(keysOfName)]
  }

  #selector(): KvSelector {
    const dice = this.#dice
    if (dice.happens(0.2)) return {}
    const name = dice.pick(names)
    if (dice.happens(0.4)) return { prefix: [name] }
    const from = dice.below(keysOfName)
    return { prefix: [name], start: [name, from], end: [name, from + dice.below(12)] }
  }

  #update(): KvUpdate {
    const dice = this.#dice
    const key = this.#key()
    const operand = dice.happens(0.9) ? dice.below(9) - 4 : BigInt(dice.below(5))
    switch (dice.weighted({ set: 8, delete: 4, sum: 2, min: 1, max: 1, append: 1, deleteRange: 1 })) {
      case 'set':
        return this.#set(key)
      case 'delete':
        return { delete: key }
      case 'sum':
        return { sum: key, value: operand }
      case 'min':
        return { min: key, value: operand }
      case 'max':
        return { max: key, value: operand }
      case 'append':
        return { append: key, value: dice.happens(0.5) ? 'x' : [dice.below(4)] }
      default:
        return { deleteRange: this.#selector() }
    }
  }

  #set(key: KvKey): KvUpdate {
    const dice = this.#dice
    const value = dice.pick<unknown>([1, 2, -1, 0.5, 3n, 'x', [1, 2], { held: dice.below(3) }])
    return dice.happens(0.75) ? { set: key, value } : { set: key, value, expireIn: 1 + dice.below(20_000) }
  }

  #assert(): KvAssert {
    const dice = this.#dice
    const key = this.#key()
    switch (dice.weighted({ version: 5, exists: 2, value: 1, bound: 1, count: 1, entries: 2 })) {
      case 'version':
        return { key, version: this.#seen.get(JSON.stringify(key))?.version }
      case 'exists':
        return { key, exists: dice.happens(0.5) }
      case 'value':
        return dice.happens(0.5) ? { key, value: dice.below(3) } : { key, not: dice.below(3) }
      case 'bound':
        return { key, [dice.pick(['lt', 'lte', 'gt', 'gte'])]: dice.below(3) }
      case 'count':
        return { range: this.#selector(), count: dice.below(4) }
      default:
        return this.#assertEntries()
    }
  }

  // That a little range still holds what was seen of it.
  #assertEntries(): KvAssert {
    const [name, from] = [this.#dice.pick(names), this.#dice.below(keysOfName)]
    const keys: KvKey[] = [from, from + 1].map((number) => [name, number])
    const seen = keys.flatMap((key) => {
      const version = this.#seen.get(JSON.stringify(key))?.version
      return version === undefined ? [] : [{ key, version }]
    })
    return { range: { start: [name, from], end: [name, from + 2] }, entries: seen }
  }

  #get(): KvGet {
    const dice = this.#dice
    if (dice.happens(0.5)) return this.#key()
    return { range: this.#selector(), limit: dice.pick([1, 4, 500]), reverse: dice.happens(0.5) }
  }
}

/** A transaction's result as the model has it: without what follows from the transaction itself. */
export type SimpleResult =
  | { readonly ok: true; readonly gets: readonly (KvResult | readonly KvEntry[])[] }
  | { readonly ok: false; readonly index: number; readonly entry: unknown; readonly count: number | undefined }

/** Makes a call; the reply is what the model would say. */
export async function runEntries(kv: Kv, db: Database, call: EntryCall): Promise<unknown> {
  switch (call.kind) {
    case 'transact':
      return await transacted(kv, call.transaction)
    case 'swap':
      return await swap(kv, db, call)
    case 'get':
      return await kv.getMany(call.keys)
    case 'verify':
      return await offencesOf(db)
    default:
      return await kv.list(call.selector, { reverse: call.reverse, limit: call.limit }).toArray()
  }
}

async function offencesOf(db: Database): Promise<readonly string[]> {
  const port = layerPortOf(db)
  const { offences, keys } = await treeShape(treeOf(entrySpace), async (call) => (await port.query([call]))[0])
  const listed = await kvSpace(db, entrySpace).list({}).toArray()
  const count = keys.length === listed.length ? [] : [`${keys.length} keys are indexed, and ${listed.length} listed`]
  return [...offences, ...count]
}

async function transacted(kv: Kv, transaction: KvTransaction): Promise<SimpleResult | 'mismatch'> {
  try {
    return simplified(await kv.transact(transaction))
  } catch (error) {
    if (error instanceof KvTypeMismatch) return 'mismatch'
    throw error
  }
}

function simplified(result: KvTransactionResult): SimpleResult {
  if (result.ok) return { ok: true, gets: result.gets.map((get) => ('entries' in get ? get.entries : get)) }
  const { index, entry, count } = result.failed
  return { ok: false, index, entry, count }
}

function swap(kv: Kv, db: Database, { keys, marker }: Extract<EntryCall, { kind: 'swap' }>): Promise<unknown> {
  return db.transaction(async (tx) => {
    const within = kvInTransaction(tx, kv)
    const found = await within.getMany(keys)
    for (const update of swapped(keys, found)) {
      if ('set' in update) within.set(update.set, update.value)
      else if ('delete' in update) within.delete(update.delete)
    }
    within.sum(marker, 1)
    return found
  })
}

/** The updates that give each of two keys what the other had. */
export function swapped([a, b]: readonly [KvKey, KvKey], found: readonly KvResult[]): readonly KvUpdate[] {
  const put = (key: KvKey, { value }: KvResult): KvUpdate =>
    value === undefined ? { delete: key } : { set: key, value }
  return [put(a, found[1]!), put(b, found[0]!)]
}

function markerOf(mark: string): KvKey {
  return ['mark', mark]
}
