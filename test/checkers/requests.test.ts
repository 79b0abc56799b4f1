// Exactly-once: every fault by its name, in the smallest history; good random histories; one fault planted into them.

import { expect, test } from 'vitest'
import { failed, historyOf, ok, unknown } from './hand-made.ts'
import { checkRequests } from './requests.ts'
import { requests } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import type { RequestsCall, RequestsOperation } from './workloads.ts'

function kindsOf(...operations: readonly RequestsOperation[]): readonly string[] {
  return [...checkRequests(historyOf(...operations)).counts.keys()].toSorted()
}

function answered(at: number, id: string, reply: unknown): RequestsOperation {
  return ok<RequestsCall, unknown>(`p${at}`, [at, at + 5], ['send', id], reply)
}

function refused(at: number, id: string): RequestsOperation {
  return failed<RequestsCall>(`f${at}`, [at, at + 5], ['send', id])
}

function lost(at: number, id: string): RequestsOperation {
  return unknown<RequestsCall>(`u${at}`, at, ['send', id])
}

function effects(at: number, ...ids: readonly string[]): RequestsOperation {
  return ok<RequestsCall, unknown>(`e${at}`, [at, at + 5], ['effects'], ids)
}

test('a request that is sent again is answered the same, and has one effect', () => {
  expect(
    kindsOf(
      lost(0, 'q'),
      answered(10, 'q', { a: 1, b: [2] }),
      answered(20, 'q', { b: [2], a: 1 }),
      lost(30, 'r'),
      refused(40, 'x'),
      effects(50, 'q'),
      effects(60, 'r', 'q'),
    ),
  ).toEqual([])
})

test('two-replies: one request, two answers', () => {
  expect(kindsOf(answered(0, 'q', 1), answered(10, 'q', 2))).toEqual(['two-replies'])
})

test('two-outcomes: one request is acknowledged and refused', () => {
  expect(kindsOf(answered(0, 'q', 1), refused(10, 'q'))).toEqual(['two-outcomes'])
  expect(kindsOf(refused(0, 'q'), answered(10, 'q', 1))).toEqual(['two-outcomes'])
})

test('repeated-effect: also of a request whose outcome is unknown', () => {
  expect(kindsOf(answered(0, 'q', 1), effects(10, 'q', 'q'))).toEqual(['repeated-effect'])
  expect(kindsOf(lost(0, 'q'), effects(10, 'q', 'q'))).toEqual(['repeated-effect'])
})

test('lost-effect: an acknowledged effect is not there', () => {
  expect(kindsOf(answered(0, 'q', 1), effects(10))).toEqual(['lost-effect'])
  expect(kindsOf(answered(0, 'q', 1), effects(5))).toEqual([])
})

test('lost-effect: an effect that was seen is gone, whatever its request was told', () => {
  expect(kindsOf(lost(0, 'q'), effects(10, 'q'), effects(20))).toEqual(['lost-effect'])
})

test('effect-of-failed: a refused request has an effect', () => {
  expect(kindsOf(refused(0, 'q'), effects(10, 'q'))).toEqual(['effect-of-failed'])
})

test('phantom-effect: nobody sent the request, or not yet', () => {
  expect(kindsOf(effects(10, 'q'))).toEqual(['phantom-effect'])
  expect(kindsOf(effects(10, 'q'), lost(20, 'q'))).toEqual(['phantom-effect'])
})

test.each([1, 2, 3, 4, 5])('simulated requests are valid, and a planted fault is found: seed %i', (seed) => {
  const options = { seed, processes: 8, operations: 600, unknown: 0.1, failed: 0 }
  const history = simulate(requests(), options)
  expect(checkRequests(history)).toMatchObject({ result: 'valid', anomalies: [] })
  const at = history.findLastIndex(({ call, outcome }) => call[0] === 'effects' && outcome === 'ok')
  const reading = history[at]!
  if (reading.outcome !== 'ok') throw new Error('no effects were read')
  const ids = reading.reply as readonly string[]
  const planted = (reply: readonly string[]): readonly string[] => [
    ...checkRequests(history.with(at, { ...reading, reply })).counts.keys(),
  ]
  expect(planted(ids.slice(1))).toEqual(['lost-effect'])
  expect(planted([...ids, ids[0]!])).toEqual(['repeated-effect'])
  expect(planted([...ids, 'q-nobody'])).toEqual(['phantom-effect'])
  expect(planted([...ids, 'q5'])).toContain('effect-of-failed')
})
