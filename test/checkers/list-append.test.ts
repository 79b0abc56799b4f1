// Every anomaly of list-append histories in the smallest history that shows it, by its exact name, and histories that
// look odd but are fine.

import { expect, test } from 'vitest'
import { failedLists, historyOf, lists, unknownLists } from './hand-made.ts'
import { HistoryError } from './history.ts'
import { checkListAppend } from './list-append.ts'
import type { ListAppendOperation } from './workloads.ts'

// All at once, so that only what was read orders them.
const meanwhile = [0, 100] as const

function kindsOf(...operations: readonly ListAppendOperation[]): readonly string[] {
  return [...checkListAppend(historyOf(...operations)).counts.keys()].toSorted()
}

function explanationOf(kind: string, ...operations: readonly ListAppendOperation[]): string {
  const { anomalies } = checkListAppend(historyOf(...operations))
  return anomalies.find((anomaly) => anomaly.kind === kind)?.explanation ?? `no ${kind}`
}

test('an empty history is valid', () => {
  expect(checkListAppend([]).result).toBe('valid')
})

test('transactions one after the other are valid', () => {
  expect(
    kindsOf(
      lists('a', [0, 1], 'a x 1, r x 1'),
      lists('b', [2, 3], 'r x 1, a x 2, a x 3, r x 1 2 3'),
      lists('a', [4, 5], 'r x 1 2 3, r y'),
    ),
  ).toEqual([])
})

test('what timed out may have happened, then or later, or not', () => {
  expect(
    kindsOf(
      unknownLists('a', 0, 'a x 1'),
      unknownLists('b', 0, 'a x 2'),
      lists('c', [10, 11], 'r x'),
      lists('c', [20, 21], 'r x 2'),
    ),
  ).toEqual([])
})

test('operations that overlap by an equal time may come in either order', () => {
  expect(kindsOf(lists('a', [0, 10], 'a x 1'), lists('b', [10, 20], 'r x'))).toEqual([])
})

test('internal: a transaction does not see what it has appended', () => {
  expect(kindsOf(lists('a', meanwhile, 'a x 1, r x'))).toContain('internal')
  expect(kindsOf(lists('a', meanwhile, 'a x 1, a x 2, r x 2'))).toContain('internal')
})

test('internal: a transaction reads the same list as two different ones', () => {
  expect(kindsOf(lists('a', meanwhile, 'r x, r x 1'), lists('b', meanwhile, 'a x 1'))).toContain('internal')
})

test('internal: a transaction reads what it appends only later', () => {
  expect(kindsOf(lists('a', meanwhile, 'r x 1, a x 1'))).toEqual(['internal'])
})

test('G-single: one append of a transaction that timed out is seen, and the other must then be there', () => {
  expect(kindsOf(unknownLists('a', 0, 'a x 1, a y 1'), lists('b', meanwhile, 'r x 1, r y'))).toEqual(['G-single'])
})

test('G1a: a failed append is read', () => {
  expect(kindsOf(failedLists('a', meanwhile, 'a x 1'), lists('b', meanwhile, 'r x 1'))).toEqual(['G1a'])
})

test('G1b: the middle of a transaction is read', () => {
  expect(kindsOf(lists('a', meanwhile, 'a x 1, a x 2'), lists('b', meanwhile, 'r x 1'))).toContain('G1b')
})

test('dirty-update: a committed append is built on a failed one', () => {
  expect(
    kindsOf(failedLists('a', meanwhile, 'a x 1'), lists('b', meanwhile, 'a x 2'), lists('c', meanwhile, 'r x 1 2')),
  ).toEqual(['G1a', 'dirty-update'])
})

test('duplicate-value: an append is there twice', () => {
  expect(kindsOf(lists('a', meanwhile, 'a x 1'), lists('b', meanwhile, 'r x 1 1'))).toEqual(['duplicate-value'])
})

test('phantom-value: a value is read that nobody has appended', () => {
  expect(kindsOf(lists('a', meanwhile, 'r x 7'))).toEqual(['phantom-value'])
})

test('incompatible-order: two reads agree on no order', () => {
  expect(
    kindsOf(
      lists('a', meanwhile, 'a x 1'),
      lists('b', meanwhile, 'a x 2'),
      lists('c', meanwhile, 'r x 1 2'),
      lists('d', meanwhile, 'r x 2'),
    ),
  ).toEqual(['incompatible-order'])
})

test('lost-append: an acknowledged append is in no later read', () => {
  expect(kindsOf(lists('a', [0, 1], 'a x 1'), lists('b', [2, 3], 'r x'))).toContain('lost-append')
  expect(explanationOf('lost-append', lists('a', [0, 1], 'a x 1'), lists('b', [2, 3], 'r x'))).toContain(
    'no read has seen it: T0 (process a, 0 µs to 1 µs): append x 1',
  )
})

test('lost-append: an acknowledged append was there and is gone', () => {
  expect(kindsOf(lists('a', [0, 1], 'a x 1'), lists('b', [2, 3], 'r x 1'), lists('c', [4, 5], 'r x'))).toContain(
    'lost-append',
  )
})

test('G0: two transactions appended before each other', () => {
  expect(
    kindsOf(
      lists('a', meanwhile, 'a x 1, a y 1'),
      lists('b', meanwhile, 'a x 2, a y 2'),
      lists('c', meanwhile, 'r x 1 2'),
      lists('d', meanwhile, 'r y 2 1'),
    ),
  ).toEqual(['G0'])
})

test('G1c: two transactions read from each other', () => {
  expect(kindsOf(lists('a', meanwhile, 'a x 1, r y 1'), lists('b', meanwhile, 'a y 1, r x 1'))).toEqual(['G1c'])
})

test('G-single: a transaction sees a half of another (read skew)', () => {
  expect(kindsOf(lists('a', meanwhile, 'a x 1, a y 1'), lists('b', meanwhile, 'r x 1, r y'))).toEqual(['G-single'])
})

test('G-single: two transactions build on the same version (lost update)', () => {
  expect(
    kindsOf(lists('a', meanwhile, 'r x, a x 1'), lists('b', meanwhile, 'r x, a x 2'), lists('c', meanwhile, 'r x 1 2')),
  ).toEqual(['G-single'])
})

test('G2: two transactions miss each other (write skew)', () => {
  const skew = [lists('a', meanwhile, 'r x, a y 1'), lists('b', meanwhile, 'r y, a x 1')]
  expect(kindsOf(...skew, lists('c', meanwhile, 'r x 1, r y 1'))).toEqual(['G2'])
  // Also where nobody has seen what they appended: acknowledged appends come after all reads without them.
  expect(kindsOf(...skew)).toEqual(['G2'])
})

test('G0-process: a process appends in one order and it counts in the other', () => {
  expect(kindsOf(lists('a', [0, 10], 'a x 1'), lists('a', [10, 20], 'a x 2'), lists('b', [0, 20], 'r x 2 1'))).toEqual([
    'G0-process',
  ])
})

test('G1c-process: a process sees what it did not do yet', () => {
  expect(kindsOf(lists('a', [0, 10], 'r x 1'), lists('a', [10, 20], 'a x 1'))).toEqual(['G1c-process'])
})

test('G-single-process: a process does not see what it did', () => {
  expect(kindsOf(lists('a', [0, 10], 'a x 1'), lists('a', [10, 20], 'r x'))).toEqual(['G-single-process'])
})

test('G2-process: two processes see two appends in different orders (long fork)', () => {
  expect(
    kindsOf(
      lists('a', [0, 100], 'a x 1'),
      lists('b', [0, 100], 'a y 1'),
      lists('c', [0, 50], 'r x 1'),
      lists('c', [50, 100], 'r y'),
      lists('d', [0, 50], 'r y 1'),
      lists('d', [50, 100], 'r x'),
    ),
  ).toEqual(['G2-process'])
})

test('G0-realtime: an append counts before one that was acknowledged before', () => {
  expect(kindsOf(lists('a', [0, 1], 'a x 1'), lists('b', [2, 3], 'a x 2'), lists('c', [0, 9], 'r x 2 1'))).toEqual([
    'G0-realtime',
  ])
})

test('G1c-realtime: the future is read', () => {
  expect(kindsOf(lists('a', [0, 1], 'r x 1'), lists('b', [2, 3], 'a x 1'))).toEqual(['G1c-realtime'])
  expect(kindsOf(lists('a', [0, 1], 'r x 1'), unknownLists('b', 2, 'a x 1'))).toEqual(['G1c-realtime'])
})

test('G-single-realtime: a stale read', () => {
  expect(kindsOf(lists('a', [0, 1], 'a x 1'), lists('b', [2, 3], 'r x'), lists('c', [0, 9], 'r x 1'))).toEqual([
    'G-single-realtime',
    'lost-append',
  ])
})

test('G2-realtime: a transaction precedes one that was over before a third, which precedes it', () => {
  expect(
    kindsOf(lists('a', [0, 100], 'r y, a x 1'), lists('b', [0, 10], 'a y 1'), lists('c', [20, 30], 'r x')),
  ).toEqual(['G2-realtime'])
})

test('the shortest cycle is explained edge by edge', () => {
  const explanation = explanationOf(
    'G-single',
    lists('a', [0, 50], 'a x 1, a y 1'),
    lists('b', [1, 40], 'r x 1, r y'),
    lists('c', [2, 60], 'r x 1, a x 2'),
  )
  expect(explanation).toBe(
    [
      '2 transactions each come before the next, and the last before the first:',
      '  T1 (process b, 1 µs to 40 µs): read x → [1], read y → []',
      '  T0 (process a, 0 µs to 50 µs): append x 1, append y 1',
      '  T1 before T0: T1 read y without what no read has seen, which T0 appended (rw)',
      '  T0 before T1: T1 read 1 from x, which T0 appended (wr)',
    ].join('\n'),
  )
})

test('a thousand anomalies are counted and a few explained', () => {
  const many = Array.from({ length: 1000 }, (_, number) => lists('a', [number * 2, number * 2 + 1], `r x${number} 7`))
  const { counts, anomalies } = checkListAppend(historyOf(...many))
  expect(counts.get('phantom-value')).toBe(1000)
  expect(anomalies).toHaveLength(5)
})

test('values that are not unique are the fault of the recorder', () => {
  const twice = historyOf(lists('a', [0, 1], 'a x 1'), lists('a', [2, 3], 'a x 1'))
  expect(() => checkListAppend(twice)).toThrow(HistoryError)
})

test('a key that hundreds read at its last version, with hundreds of appends unseen, is no reason to look at each pair', () => {
  const appends = Array.from({ length: 300 }, (_, number) => lists(`a${number}`, [0, 1000 + number], `a x ${number}`))
  const reads = Array.from({ length: 300 }, (_, number) => lists(`r${number}`, [0, 900], 'r x'))
  expect(kindsOf(...appends, ...reads)).toEqual([])
  expect(kindsOf(...appends, ...reads, lists('late', [1001, 1002], 'r x'))).toEqual([
    'G-single-realtime',
    'lost-append',
  ])
})
