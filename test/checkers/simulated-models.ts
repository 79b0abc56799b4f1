// What the simulated store can be: one model for each workload.

import type { Model } from './simulated-store.ts'
import type {
  BankCall,
  BankReply,
  IdsCall,
  ListAppendCall,
  ListAppendReply,
  RegisterCall,
  RegisterReply,
  RequestsCall,
  Value,
} from './workloads.ts'

/** Lists: `perKey` operations on a key, about, then a new key takes its place among `width` that are in use. */
export function lists(options: {
  readonly width: number
  readonly perKey: number
  readonly parts: number
}): Model<ListAppendCall, ListAppendReply> {
  const { width, perKey, parts } = options
  const state = new Map<string, Value[]>()
  let [touched, value] = [0, 0]
  return {
    call: (random) =>
      Array.from({ length: 1 + random.below(2 * parts - 1) }, () => {
        const key = `k${Math.floor(touched++ / perKey) + random.below(width)}`
        return random.happens(0.5) ? (['append', key, ++value] as const) : (['read', key] as const)
      }),
    apply: (call) =>
      call.map((part) => {
        const list = state.get(part[1]) ?? []
        if (part[0] === 'read') return [...list]
        state.set(part[1], [...list, part[2]])
        return null
      }),
  }
}

/** Registers with values of a small range, so that compare-and-sets match now and then. */
export function registers(keys: number, values: number): Model<RegisterCall, RegisterReply> {
  const state = new Map<string, Value | null>()
  return {
    call: (random) => {
      const key = `r${random.below(keys)}`
      const value = random.below(values)
      return random.pick<RegisterCall>([
        ['read', key],
        ['write', key, value],
        ['cas', key, random.below(values), value],
      ])
    },
    apply: (call) => {
      const content = state.get(call[1]) ?? null
      if (call[0] === 'read') return content
      if (call[0] === 'cas' && content !== call[2]) return false
      state.set(call[1], call[0] === 'write' ? call[2] : call[3])
      return call[0] === 'cas' ? true : null
    },
  }
}

/** A bank that refuses overdrafts. */
export function bank(accounts: Readonly<Record<string, number>>): Model<BankCall, BankReply> {
  const balances = { ...accounts }
  const names = Object.keys(accounts)
  return {
    call: (random) => {
      if (random.happens(0.3)) return ['snapshot']
      return ['transfer', random.pick(names), random.pick(names), 1 + random.below(30)]
    },
    apply: (call) => {
      if (call[0] === 'snapshot') return { ...balances }
      const [, from, to, amount] = call
      if (balances[from]! < amount) return undefined
      balances[from]! -= amount
      balances[to]! += amount
      return null
    },
  }
}

/** Sequences. */
export function sequences(count: number): Model<IdsCall, number> {
  const last = new Map<string, number>()
  return {
    call: (random) => [random.happens(0.2) ? 'last' : 'next', `s${random.below(count)}`],
    apply: ([name, sequence]) => {
      const id = (last.get(sequence) ?? 0) + (name === 'next' ? 1 : 0)
      last.set(sequence, id)
      return id
    },
  }
}

/** Requests, each sent about three times, every fifth refused each time, and readings of their effects. */
export function requests(): Model<RequestsCall, unknown> {
  const outcomes = new Map<string, number>()
  const effects: string[] = []
  return {
    call: (random, index) =>
      random.happens(0.1) ? ['effects'] : ['send', `q${Math.floor(index / 3) - random.below(3)}`],
    apply: (call) => {
      if (call[0] === 'effects') return [...effects]
      if (call[1].endsWith('0') || call[1].endsWith('5')) return undefined
      const known = outcomes.get(call[1])
      if (known !== undefined) return { outcome: known }
      outcomes.set(call[1], effects.push(call[1]))
      return { outcome: effects.length }
    },
  }
}
