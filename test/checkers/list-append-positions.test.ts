// Positions of list-append histories: every way in which they can contradict real time or what was read.

import { expect, test } from 'vitest'
import { historyOf, lists, unknownLists } from './hand-made.ts'
import { checkListAppendPositions } from './list-append-positions.ts'
import type { ListAppendOperation } from './workloads.ts'

function kindsOf(...operations: readonly ListAppendOperation[]): readonly string[] {
  return [...checkListAppendPositions(historyOf(...operations)).counts.keys()].toSorted()
}

test('reads show exactly what was appended up to their positions', () => {
  expect(
    kindsOf(
      lists('a', [0, 9], 'a x 1', 10),
      lists('b', [0, 9], 'a x 2, r x 1 2', 20),
      lists('c', [0, 9], 'r x 1', 10),
      lists('d', [0, 9], 'r x', 9),
      unknownLists('e', 0, 'a x 3'),
      lists('f', [0, 9], 'r x 1 2 3', 30),
    ),
  ).toEqual([])
})

test('operations without a position are passed over', () => {
  expect(kindsOf(lists('a', [0, 9], 'a x 1'), lists('b', [10, 11], 'r x'))).toEqual([])
})

test('read-off-position: a read lacks what its position has', () => {
  expect(kindsOf(lists('a', [0, 9], 'a x 1', 10), lists('b', [0, 9], 'r x', 10))).toEqual(['read-off-position'])
})

test('read-off-position: a read has what comes after its position', () => {
  expect(kindsOf(lists('a', [0, 9], 'a x 1', 10), lists('b', [0, 9], 'r x 1', 9))).toEqual(['read-off-position'])
})

test('read-off-position: values are in another order than their positions', () => {
  expect(
    kindsOf(lists('a', [0, 9], 'a x 1', 10), lists('b', [0, 9], 'a x 2', 20), lists('c', [0, 9], 'r x 2 1', 30)),
  ).toEqual(['read-off-position'])
})

test('position-shared: two writers have one position', () => {
  expect(kindsOf(lists('a', [0, 9], 'a x 1', 10), lists('b', [0, 9], 'a y 1', 10))).toEqual(['position-shared'])
})

test('position-against-real-time: a later operation has an earlier position', () => {
  expect(kindsOf(lists('a', [0, 1], 'a x 1', 10), lists('b', [2, 3], 'a y 1', 9))).toEqual([
    'position-against-real-time',
  ])
  expect(kindsOf(lists('a', [0, 1], 'r x', 10), lists('b', [2, 3], 'r x', 9))).toEqual(['position-against-real-time'])
})

test('position-against-real-time: a write shares the position of a read that was over', () => {
  expect(kindsOf(lists('a', [0, 1], 'r y', 10), lists('b', [2, 3], 'a x 1', 10))).toEqual([
    'position-against-real-time',
  ])
  expect(kindsOf(lists('a', [0, 1], 'a x 1', 10), lists('b', [2, 3], 'r x 1', 10))).toEqual([])
})
