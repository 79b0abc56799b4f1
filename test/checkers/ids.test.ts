// get-next-id: every fault by its name, in the smallest history; good random histories; one fault planted into them.

import { expect, test } from 'vitest'
import { failed, historyOf, ok, unknown } from './hand-made.ts'
import { checkIds } from './ids.ts'
import { sequences } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import type { IdsCall, IdsOperation } from './workloads.ts'

function kindsOf(...operations: readonly IdsOperation[]): readonly string[] {
  return [...checkIds(historyOf(...operations)).counts.keys()].toSorted()
}

function next(at: number, id: number, completedUs = at + 5): IdsOperation {
  return ok<IdsCall, number>(`p${at}`, [at, completedUs], ['next', 's'], id)
}

function last(at: number, id: number): IdsOperation {
  return ok<IdsCall, number>(`l${at}`, [at, at + 5], ['last', 's'], id)
}

function lost(at: number): IdsOperation {
  return unknown<IdsCall>(`u${at}`, at, ['next', 's'])
}

test('ids one after the other, or exchanged while they overlap', () => {
  expect(kindsOf(last(0, 0), next(10, 1), next(20, 3, 40), next(21, 2, 40), last(50, 3))).toEqual([])
})

test('duplicate-id: an id is given out twice', () => {
  expect(kindsOf(next(0, 1), next(1, 1))).toEqual(['duplicate-id'])
})

test('id-against-real-time: a later caller gets a lower id', () => {
  expect(kindsOf(lost(0), next(0, 2), next(10, 1))).toEqual(['id-against-real-time'])
})

test('id-against-real-time: an id is given out that was drawn already when the last one was asked for', () => {
  expect(kindsOf(lost(0), last(10, 1), next(20, 1))).toEqual(['id-against-real-time'])
})

test('lost-id: the last id is lower than one that was acknowledged', () => {
  expect(kindsOf(next(0, 1), next(10, 2), last(20, 1))).toEqual(['lost-id'])
})

test('lost-id: the last id becomes lower', () => {
  expect(kindsOf(lost(0), last(10, 1), last(20, 0))).toEqual(['lost-id'])
})

test('unexplained-gap: an id is missing and nobody can have drawn it', () => {
  expect(kindsOf(next(0, 1), next(10, 3))).toEqual(['unexplained-gap'])
  expect(kindsOf(next(0, 1), lost(2), next(10, 3))).toEqual([])
  expect(kindsOf(next(0, 1), failed<IdsCall>('f', [2, 3], ['next', 's']), next(10, 3))).toEqual(['unexplained-gap'])
})

test('unexplained-gap: more ids are missing than outcomes are unknown', () => {
  expect(kindsOf(lost(0), next(1, 3))).toEqual(['unexplained-gap'])
  expect(kindsOf(lost(0), last(1, 2))).toEqual(['unexplained-gap'])
})

test('unexplained-gap: what was invoked when higher ids were known cannot have drawn a lower one', () => {
  expect(kindsOf(next(0, 2), lost(10))).toEqual(['unexplained-gap'])
  expect(kindsOf(next(0, 2), lost(5))).toEqual([])
})

test('impossible-id', () => {
  expect(kindsOf(next(0, 0))).toEqual(['impossible-id'])
  expect(kindsOf(next(0, 1.5))).toEqual(['impossible-id'])
})

test('sequences are judged each for itself', () => {
  expect(kindsOf(next(0, 1), ok<IdsCall, number>('o', [10, 11], ['next', 'other'], 1))).toEqual([])
})

test.each([1, 2, 3, 4, 5])('simulated sequences are valid, and a planted fault is found: seed %i', (seed) => {
  const options = { seed, processes: 8, operations: 1000, unknown: 0.03, failed: 0.03 }
  const history = simulate(sequences(3), options)
  expect(checkIds(history)).toMatchObject({ result: 'valid', anomalies: [] })
  const at = history.findIndex(({ call, outcome }, index) => index > 500 && call[0] === 'next' && outcome === 'ok')
  const drawn = history[at]!
  if (drawn.outcome !== 'ok') throw new Error('no id was drawn')
  const planted = (reply: number): string => checkIds(history.with(at, { ...drawn, reply })).result
  expect(planted(drawn.reply - 1)).toBe('violated')
  expect(planted(drawn.reply + 100)).toBe('violated')
})
