// The bank: every fault by its name, in the smallest history; good random histories; one fault planted into them.

import { expect, test } from 'vitest'
import { checkBank } from './bank.ts'
import { failed, historyOf, ok, unknown } from './hand-made.ts'
import { SeededRandom } from './seeded-random.ts'
import { bank as simulatedBank } from './simulated-models.ts'
import { simulate } from './simulated-store.ts'
import { subsetExplains } from './subset-sum.ts'
import type { BankCall, BankOperation, BankReply } from './workloads.ts'

const bank = { kind: 'bank', accounts: { a: 10, b: 10, c: 0 }, overdrafts: 'refused' } as const
const seeds = [1, 2, 3, 4, 5]

function kindsOf(...operations: readonly BankOperation[]): readonly string[] {
  return [...checkBank(historyOf(...operations), bank).counts.keys()].toSorted()
}

function transfer(at: number, from: string, to: string, amount: number, position?: number): BankOperation {
  return ok<BankCall, BankReply>(`t${at}`, [at, at + 5], ['transfer', from, to, amount], null, position)
}

function lostTransfer(at: number, from: string, to: string, amount: number): BankOperation {
  return unknown<BankCall>(`u${at}`, at, ['transfer', from, to, amount])
}

function snapshot(at: number, a: number, b: number, c: number, position?: number): BankOperation {
  return ok<BankCall, BankReply>(`s${at}`, [at, at + 5], ['snapshot'], { a, b, c }, position)
}

test('exact cuts are valid, whatever timed out', () => {
  expect(
    kindsOf(
      transfer(0, 'a', 'b', 3, 10),
      lostTransfer(1, 'b', 'c', 1),
      lostTransfer(2, 'b', 'c', 2),
      snapshot(3, 7, 13, 0, 10),
      snapshot(10, 7, 11, 2, 20),
      snapshot(20, 7, 10, 3, 30),
    ),
  ).toEqual([])
})

test('wrong-total: money appears', () => {
  expect(kindsOf(snapshot(0, 10, 10, 1))).toEqual(['wrong-total'])
})

test('missing-account and unknown-account', () => {
  const of = (balances: Readonly<Record<string, number>>): BankOperation =>
    ok<BankCall, BankReply>('s', [0, 5], ['snapshot'], balances)
  expect(kindsOf(of({ a: 10, b: 10 }))).toEqual(['missing-account'])
  expect(kindsOf(of({ a: 10, b: 10, c: 0, d: 0 }))).toEqual(['unknown-account'])
})

test('negative-balance: only where overdrafts are refused', () => {
  const overdrawn = historyOf<BankCall, BankReply>(snapshot(0, 10, 11, -1))
  expect([...checkBank(overdrawn, bank).counts.keys()]).toEqual(['negative-balance'])
  expect(checkBank(overdrawn, { ...bank, overdrafts: 'allowed' }).result).toBe('valid')
})

test('wrong-cut: a snapshot shows a transfer of a later position, or lacks one', () => {
  expect(kindsOf(transfer(0, 'a', 'b', 3, 20), snapshot(0, 7, 13, 0, 10))).toEqual(['wrong-cut'])
  expect(kindsOf(transfer(0, 'a', 'b', 3, 10), snapshot(0, 10, 10, 0, 10))).toEqual(['wrong-cut'])
})

test('wrong-cut: a failed transfer moved money', () => {
  const refused = failed<BankCall>('f', [0, 5], ['transfer', 'a', 'b', 3])
  expect(kindsOf(refused, snapshot(10, 7, 13, 0, 10))).toEqual(['wrong-cut'])
})

test('wrong-cut: no set of unknown transfers explains what changed', () => {
  const lost = [lostTransfer(0, 'a', 'b', 3), lostTransfer(1, 'a', 'b', 4), lostTransfer(2, 'b', 'c', 5)]
  expect(kindsOf(...lost, snapshot(10, 3, 12, 5, 10))).toEqual([])
  expect(kindsOf(...lost, snapshot(10, 2, 18, 0, 10))).toEqual(['wrong-cut'])
})

test('wrong-cut: an unknown transfer is seen before it was invoked', () => {
  expect(kindsOf(snapshot(0, 7, 13, 0, 10), lostTransfer(20, 'a', 'b', 3))).toContain('wrong-cut')
})

test('position-against-real-time: a snapshot lies before a transfer that was acknowledged before', () => {
  expect(kindsOf(transfer(0, 'a', 'b', 3, 10), snapshot(10, 10, 10, 0, 9))).toEqual(['position-against-real-time'])
})

test('too many unknown transfers leave the cut undecided, not wrong', () => {
  const lost = Array.from({ length: 40 }, (_, at) => lostTransfer(at, 'a', 'b', 3 ** at))
  const verdict = checkBank(historyOf<BankCall, BankReply>(...lost, snapshot(100, 5, 15, 0, 10)), bank)
  expect([verdict.result, verdict.undecided[0]]).toEqual(['undecided', expect.stringContaining('40 transfers')])
})

test.each(seeds)('sets are found exactly when there is one: seed %i', (seed) => {
  const random = new SeededRandom(seed)
  const vector = (): number[] => [random.below(7) - 3, random.below(7) - 3]
  for (let round = 0; round < 200; round++) {
    const changes = Array.from({ length: random.below(7) }, vector)
    const wanted = vector().map((part) => part * 2)
    const exists = Array.from({ length: 2 ** changes.length }, (_, set) => set).some((set) =>
      wanted.every((part, at) => part === changes.reduce((sum, change, n) => sum + ((set >> n) & 1) * change[at]!, 0)),
    )
    expect(subsetExplains(wanted, changes)).toBe(exists ? 'yes' : 'no')
  }
})

test.each(seeds)('what the simulated bank did is valid, and a planted fault is found: seed %i', (seed) => {
  const accounts = { a: 100, b: 100, c: 100, d: 100 }
  const workload = { kind: 'bank', accounts, overdrafts: 'refused' } as const
  const options = { seed, processes: 8, operations: 1000, unknown: 0.005, failed: 0.02 }
  const history = simulate(simulatedBank(accounts), options)
  expect(checkBank(history, workload)).toMatchObject({ result: 'valid', anomalies: [] })

  const [snapshotAt] = history.flatMap((one, at) => (one.outcome === 'ok' && one.reply !== null ? [at] : []))
  const seen = history[snapshotAt!]!
  const plant = (balances: Readonly<Record<string, number>>): readonly string[] => {
    const changed = { ...seen, reply: { ...seen.reply, ...balances } } as BankOperation
    return [...checkBank(history.with(snapshotAt!, changed), workload).counts.keys()]
  }
  expect(plant({ a: seen.reply!['a']! + 1 })).toContain('wrong-total')
  expect(plant({ a: seen.reply!['a']! + 1, b: seen.reply!['b']! - 1 })).toEqual(['wrong-cut'])
})
