// Random list-append histories. What a good store did must be valid, whatever the concurrency; one anomaly planted into it
// must be found, each kind in its own way of planting; and on tiny histories, right and wrong, the checker must agree with
// a search that tries every order.

import { describe, expect, test } from 'vitest'
import { lists } from './hand-made.ts'
import { checkListAppendPositions } from './list-append-positions.ts'
import { checkListAppend } from './list-append.ts'
import { SeededRandom } from './seeded-random.ts'
import { lists as simulatedLists } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import type { OkOperation } from './history.ts'
import type { ListAppendCall, ListAppendOperation, ListAppendReply, Value } from './workloads.ts'

type Transaction = OkOperation<ListAppendCall, ListAppendReply>

const seeds = Array.from({ length: 8 }, (_, at) => at + 1)

function good(seed: number): ListAppendOperation[] {
  const random = new SeededRandom(seed)
  const model = simulatedLists({
    width: 1 + random.below(5),
    perKey: 20 + random.below(60),
    parts: 1 + random.below(4),
  })
  const options = { seed, processes: 1 + random.below(20), operations: 1500, unknown: 0.03, failed: 0.03 }
  return simulate(model, options)
}

test.each(seeds)('what the simulated store did is valid, its positions included: seed %i', (seed) => {
  const history = good(seed)
  expect(checkListAppend(history)).toMatchObject({ result: 'valid', anomalies: [] })
  expect(checkListAppendPositions(history)).toMatchObject({ result: 'valid', anomalies: [] })
})

/** One read of an acknowledged transaction. */
interface ReadAt {
  readonly transaction: Transaction
  readonly at: number
  readonly key: string
  readonly list: readonly Value[]
}

// Each plants one anomaly into a good history, in place, at the first place of a random order that allows it.
const plants: Readonly<Record<string, (read: ReadAt, history: ListAppendOperation[]) => boolean>> = {
  'phantom-value': (read, history) => rewrite(read, [...read.list, 'nobody'], history),
  'duplicate-value': (read, history) => read.list.length > 0 && rewrite(read, [...read.list, read.list[0]!], history),
  'incompatible-order': (read, history) =>
    read.list.length > 2 && rewrite(read, [read.list[1]!, read.list[0]!, ...read.list.slice(2)], history),
  internal: ({ transaction, at, key, list }, history) => {
    const earlier = transaction.call.slice(0, at).some((part) => part[1] === key)
    return earlier && list.length > 0 && rewrite({ transaction, at, key, list }, [], history)
  },
  G1a: ({ list, key }, history) => {
    const writer = writerOf(list.at(-1), key, history)
    if (writer === undefined || writer.outcome !== 'ok') return false
    return replace(history, { ...writer, outcome: 'failed', reply: undefined, position: undefined })
  },
  G1b: (read, history) => {
    const before = read.list.at(-2)
    const writer = writerOf(read.list.at(-1), read.key, history)
    if (before === undefined || writer !== writerOf(before, read.key, history)) return false
    return writer !== read.transaction && rewrite(read, read.list.slice(0, -1), history)
  },
  'lost-append': (read, history) => {
    const writer = writerOf(read.list.at(-1), read.key, history)
    if (writer?.outcome !== 'ok' || writer.completedUs >= read.transaction.invokedUs) return false
    return rewrite(read, read.list.slice(0, -1), history)
  },
  'dirty-update': ({ list, key }, history) => {
    const [writer, next] = [writerOf(list.at(-2), key, history), writerOf(list.at(-1), key, history)]
    if (writer === undefined || writer === next || next?.outcome !== 'ok') return false
    return replace(history, { ...writer, outcome: 'failed', reply: undefined, position: undefined, completedUs: 0 })
  },
  'G1c-realtime': (read, history) => {
    const writer = writerOf(read.list.at(-1), read.key, history)
    if (writer === undefined || writer === read.transaction) return false
    // The reader was over before the writer began; in the process of somebody who did nothing else.
    const { invokedUs } = writer
    const times = { process: 'early', invokedUs: invokedUs - 2, completedUs: invokedUs - 1, position: undefined }
    return replace(history, { ...read.transaction, ...times })
  },
}

describe.each(Object.keys(plants))('a planted %s', (kind) => {
  test.each(seeds.slice(0, 5))('is found: seed %i', (seed) => {
    const history = simulate(simulatedLists({ width: 3, perKey: 40, parts: 4 }), {
      seed,
      processes: 10,
      operations: 400,
      unknown: 0.03,
      failed: 0.03,
    })
    expect(readsOf(history, seed).some((read) => plants[kind]!(read, history))).toBe(true)
    const ordered = renumber(history)
    const found = [...checkListAppend(ordered).counts.keys()]
    expect(found.some((name) => name === kind || (kind === 'G1c-realtime' && name.startsWith('G')))).toBe(true)
  })
})

// Transactions on keys of their own, at times from 0 to 1000 µs, whose dependencies close a cycle of the kind.
const cycles: Readonly<Record<string, readonly ListAppendOperation[]>> = {
  G0: [
    lists('p', [0, 1000], 'a X 1, a Y 1'),
    lists('q', [0, 1000], 'a X 2, a Y 2'),
    lists('r', [0, 1000], 'r X 1 2'),
    lists('s', [0, 1000], 'r Y 2 1'),
  ],
  G1c: [lists('p', [0, 1000], 'a X 1, r Y 1'), lists('q', [0, 1000], 'a Y 1, r X 1')],
  'G-single': [lists('p', [0, 1000], 'a X 1, a Y 1'), lists('q', [0, 1000], 'r X 1, r Y')],
  G2: [lists('p', [0, 1000], 'r X, a Y 1'), lists('q', [0, 1000], 'r Y, a X 1')],
  'G0-process': [lists('p', [0, 10], 'a X 1'), lists('p', [10, 20], 'a X 2'), lists('q', [0, 1000], 'r X 2 1')],
  'G1c-process': [lists('p', [0, 10], 'r X 1'), lists('p', [10, 20], 'a X 1')],
  'G-single-process': [lists('p', [0, 10], 'a X 1'), lists('p', [10, 20], 'r X')],
  'G2-process': [lists('p', [0, 1000], 'r Y, a X 1'), lists('q', [0, 10], 'a Y 1'), lists('q', [10, 20], 'r X')],
  'G0-realtime': [lists('p', [0, 10], 'a X 1'), lists('q', [20, 30], 'a X 2'), lists('r', [0, 1000], 'r X 2 1')],
  'G1c-realtime': [lists('p', [0, 10], 'r X 1'), lists('q', [20, 30], 'a X 1')],
  'G-single-realtime': [lists('p', [0, 10], 'a X 1'), lists('q', [20, 30], 'r X')],
  'G2-realtime': [lists('p', [0, 1000], 'r Y, a X 1'), lists('q', [0, 10], 'a Y 1'), lists('r', [20, 30], 'r X')],
}

describe.each(Object.keys(cycles))('a planted cycle of kind %s', (kind) => {
  test.each(seeds.slice(0, 3))('is found among the transactions of a good history, by its name: seed %i', (seed) => {
    const history = good(seed)
    const startUs = history[new SeededRandom(seed).below(history.length)]!.invokedUs
    const planted = cycles[kind]!.map((operation) =>
      Object.assign({}, operation, {
        invokedUs: operation.invokedUs + startUs,
        completedUs: operation.completedUs + startUs,
      }),
    )
    const kinds = [...checkListAppend(renumber([...history, ...planted])).counts.keys()]
    expect(kinds.filter((found) => found !== 'lost-append')).toEqual([kind])
  })
})

test.each(seeds)('positions that were exchanged are found: seed %i', (seed) => {
  const history = good(seed)
  const acknowledged = history.filter((operation) => operation.outcome === 'ok')
  const [first, second] = [acknowledged[10]!, acknowledged[acknowledged.length - 10]!]
  replace(history, { ...first, position: second.position })
  replace(history, { ...second, position: first.position })
  expect(checkListAppendPositions(history).result).toBe('violated')
})

test.each(seeds)('tiny histories are judged as by trying every order: seed %i', (seed) => {
  const random = new SeededRandom(seed)
  let wrong = 0
  for (let round = 0; round < 500; round++) {
    const options = { seed: random.below(2 ** 31), processes: 3, operations: 5, unknown: 0.15, failed: 0.1 }
    const history = simulate(simulatedLists({ width: 2, perKey: 1000, parts: 2 }), options)
    const tampered = history.map((operation) => tamper(operation, random))
    const { result, anomalies } = checkListAppend(tampered)
    const fits = someOrderFits(tampered)
    if (!fits) wrong++
    expect({ result, anomalies, tampered }).toEqual({ result: fits ? 'valid' : 'violated', anomalies, tampered })
  }
  expect(wrong).toBeGreaterThan(50)
})

// A read becomes shorter by a value or longer by one of any transaction, in some.
function tamper(operation: ListAppendOperation, random: SeededRandom): ListAppendOperation {
  if (operation.outcome !== 'ok' || !random.happens(0.25)) return operation
  const reply = operation.reply.map((list) => {
    if (list === null || !random.happens(0.6)) return list
    return random.happens(0.7) ? list.slice(0, -1) : [...list, 1 + random.below(5)]
  })
  return { ...operation, reply }
}

// Every order that agrees with real time, with every set of unknown transactions, by plain recursion.
function someOrderFits(
  operations: readonly ListAppendOperation[],
  state: Readonly<Record<string, readonly Value[]>> = {},
): boolean {
  if (operations.every(({ outcome }) => outcome !== 'ok')) return true
  return operations.some((operation) => {
    if (operation.outcome === 'failed') return false
    const rest = operations.filter((other) => other !== operation)
    if (rest.some(({ completedUs, outcome }) => outcome === 'ok' && completedUs < operation.invokedUs)) return false
    const after: Record<string, readonly Value[]> = { ...state }
    for (const [at, part] of operation.call.entries()) {
      const list = after[part[1]] ?? []
      if (part[0] === 'append') after[part[1]] = [...list, part[2]]
      else if (operation.outcome === 'ok' && operation.reply[at]?.join() !== list.join()) return false
    }
    return someOrderFits(rest, after)
  })
}

// All reads from the middle of the history on, in a random order.
function readsOf(history: readonly ListAppendOperation[], seed: number): readonly ReadAt[] {
  const random = new SeededRandom(seed)
  const reads = history.slice(history.length / 4).flatMap((transaction) => {
    if (transaction.outcome !== 'ok') return []
    return transaction.call.flatMap((part, at) =>
      part[0] === 'read' ? [{ transaction, at, key: part[1], list: transaction.reply[at] ?? [] }] : [],
    )
  })
  return reads
    .map((read) => ({ read, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ read }) => read)
}

function writerOf(
  value: Value | undefined,
  key: string,
  history: readonly ListAppendOperation[],
): ListAppendOperation | undefined {
  return history.find(({ call }) => call.some((part) => part[0] === 'append' && part[1] === key && part[2] === value))
}

function rewrite({ transaction, at }: ReadAt, list: readonly Value[], history: ListAppendOperation[]): boolean {
  return replace(history, { ...transaction, reply: transaction.reply.with(at, list) })
}

function replace(history: ListAppendOperation[], operation: ListAppendOperation): boolean {
  history[operation.index] = operation
  return true
}

function renumber(history: readonly ListAppendOperation[]): readonly ListAppendOperation[] {
  return history
    .toSorted((a, b) => a.invokedUs - b.invokedUs)
    .map((operation, index) => Object.assign({}, operation, { index }))
}
