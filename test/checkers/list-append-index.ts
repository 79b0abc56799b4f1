// What a list-append history says of each key: who appended which value, who read which list, and the order of versions
// that follows. Every list read of a key must be a prefix of the longest one, so the longest is the order of versions.
// Finds nothing wrong by itself: that is list-append-anomalies.ts.

import { HistoryError } from './history.ts'
import type { ListAppendOperation, Value } from './workloads.ts'

/** One append. */
export interface Append {
  readonly writer: number
  readonly value: Value
  /** Whether it is its transaction's last append to the key, so that others may see the list end with it. */
  readonly isLast: boolean
}

/** One read of an acknowledged transaction. */
export interface Read {
  readonly reader: number
  readonly list: readonly Value[]
  /** How many values at the end of the list its own transaction had appended before it. */
  readonly own: number
}

export interface KeyHistory {
  readonly key: string
  /** By value. In order of invocation of their transactions. */
  readonly appends: ReadonlyMap<Value, Append>
  readonly reads: readonly Read[]
  /** The longest list read, the earliest of those: the order of versions. */
  readonly order: readonly Value[]
  /** Where each value is in the order, the first time it is. */
  readonly places: ReadonlyMap<Value, number>
}

/** Gathers what was recorded, by key. */
export function indexByKey(operations: readonly ListAppendOperation[]): readonly KeyHistory[] {
  const keys = new Map<string, { appends: Map<Value, Append>; reads: Read[] }>()
  const entry = (key: string): { appends: Map<Value, Append>; reads: Read[] } => {
    const known = keys.get(key)
    if (known !== undefined) return known
    const fresh = { appends: new Map<Value, Append>(), reads: [] }
    keys.set(key, fresh)
    return fresh
  }
  for (const operation of operations) {
    for (const [at, part] of operation.call.entries()) {
      const { appends, reads } = entry(part[1])
      if (part[0] === 'append') {
        if (appends.has(part[2]))
          throw new HistoryError(`${part[2]} is appended to ${part[1]} twice; values of a key must be unique`)
        appends.set(part[2], { writer: operation.index, value: part[2], isLast: isLastAppend(operation, at) })
      } else {
        const list = operation.outcome === 'ok' ? operation.reply[at] : undefined
        if (list) reads.push({ reader: operation.index, list, own: ownBefore(operation, at) })
      }
    }
  }
  return [...keys].map(([key, { appends, reads }]) => {
    const { order, places } = orderOf(reads)
    return { key, appends, reads, order, places }
  })
}

/** Whether a list is what the order of versions says it must be. */
export function isPrefix(list: readonly Value[], order: readonly Value[]): boolean {
  if (list === order) return true
  if (list.length > order.length) return false
  for (let at = 0; at < list.length; at++) if (list[at] !== order[at]) return false
  return true
}

function orderOf(reads: readonly Read[]): Pick<KeyHistory, 'order' | 'places'> {
  let order: readonly Value[] = []
  for (const { list } of reads) if (list.length > order.length) order = list
  const places = new Map<Value, number>()
  for (const [place, value] of order.entries()) if (!places.has(value)) places.set(value, place)
  return { order, places }
}

function isLastAppend({ call }: ListAppendOperation, at: number): boolean {
  for (let later = at + 1; later < call.length; later++)
    if (call[later]![0] === 'append' && call[later]![1] === call[at]![1]) return false
  return true
}

function ownBefore({ call }: ListAppendOperation, at: number): number {
  let own = 0
  for (let earlier = 0; earlier < at; earlier++)
    if (call[earlier]![0] === 'append' && call[earlier]![1] === call[at]![1]) own++
  return own
}
