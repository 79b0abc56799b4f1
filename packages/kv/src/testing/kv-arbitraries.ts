// Random transactions over few keys, so that they meet: keys under two prefixes, values of each kind, asserts that hold
// about half of the time, ranges that overlap.

import * as fc from 'fast-check'
import type { KvKey } from '../kv-key.ts'
import type { KvAssert, KvGet, KvTransaction, KvUpdate } from '../kv-transaction-data.ts'
import type { KvSelector } from '../selector.ts'

const keys: fc.Arbitrary<KvKey> = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(40))
const small = fc.integer({ min: -2, max: 2 })
const values = fc.oneof(
  { arbitrary: small, weight: 4 },
  { arbitrary: small.map(BigInt), weight: 1 },
  { arbitrary: fc.constantFrom('x', 'yy'), weight: 1 },
  { arbitrary: fc.array(small, { maxLength: 2 }), weight: 1 },
)
const operands = fc.oneof({ arbitrary: small, weight: 4 }, { arbitrary: small.map(BigInt), weight: 1 })
const texts = fc.oneof(fc.constantFrom('x', 'yy'), fc.array(small, { maxLength: 2 }))
// Never a multiple of ten, by which clocks are moved: nothing expires just when it is looked at.
const lives = fc.option(
  fc.nat(5).map((tens) => 10 * tens + 5),
  { nil: undefined, freq: 2 },
)

const selectors: fc.Arbitrary<KvSelector> = fc.oneof(
  fc.constantFrom<KvSelector>({ prefix: ['a'] }, { prefix: ['b'] }, {}),
  fc.tuple(fc.constantFrom('a', 'b'), fc.nat(40), fc.nat(12)).map(([name, from, length]) => ({
    prefix: [name],
    start: [name, from],
    end: [name, from + length],
  })),
  fc.tuple(keys, keys).map(([start, end]) => ({ start, end })),
)

const updates: fc.Arbitrary<KvUpdate> = fc.oneof(
  {
    arbitrary: fc
      .tuple(keys, values, lives)
      .map(([set, value, expireIn]) => (expireIn === undefined ? { set, value } : { set, value, expireIn })),
    weight: 8,
  },
  { arbitrary: keys.map((key) => ({ delete: key })), weight: 3 },
  { arbitrary: fc.tuple(keys, operands).map(([sum, value]) => ({ sum, value })), weight: 2 },
  { arbitrary: fc.tuple(keys, operands).map(([min, value]) => ({ min, value })), weight: 1 },
  { arbitrary: fc.tuple(keys, operands).map(([max, value]) => ({ max, value })), weight: 1 },
  { arbitrary: fc.tuple(keys, texts).map(([append, value]) => ({ append, value })), weight: 1 },
  { arbitrary: selectors.map((deleteRange) => ({ deleteRange })), weight: 1 },
)

const asserts: fc.Arbitrary<KvAssert> = fc.oneof(
  fc.tuple(keys, fc.boolean()).map(([key, exists]) => ({ key, exists })),
  fc.tuple(keys, small).map(([key, value]) => ({ key, value })),
  fc.tuple(keys, small).map(([key, not]) => ({ key, not })),
  fc.tuple(keys, small, fc.constantFrom('lt', 'lte', 'gt', 'gte')).map(([key, bound, is]) => ({ key, [is]: bound })),
  keys.map((key) => ({ key, version: undefined })),
  selectors.map((range) => ({ range, empty: true })),
  fc.tuple(selectors, fc.nat(3)).map(([range, count]) => ({ range, count })),
)

const gets: fc.Arbitrary<KvGet> = fc.oneof(
  keys,
  fc
    .tuple(selectors, fc.integer({ min: 1, max: 50 }), fc.boolean())
    .map(([range, limit, reverse]) => ({ range, limit, reverse })),
)

/** One transaction, of which at least one part is there. */
export const transactions: fc.Arbitrary<KvTransaction> = fc
  .record({
    asserts: fc.oneof(
      { arbitrary: fc.constant([]), weight: 3 },
      { arbitrary: fc.array(asserts, { maxLength: 2 }), weight: 1 },
    ),
    updates: fc.array(updates, { maxLength: 4 }),
    gets: fc.array(gets, { maxLength: 1 }),
  })
  .filter((transaction) => transaction.asserts.length + transaction.updates.length + transaction.gets.length > 0)

/** Rounds of transactions that are sent at once, each followed by so much time, in tens of milliseconds. */
export const rounds: fc.Arbitrary<readonly { readonly sent: readonly KvTransaction[]; readonly tens: number }[]> =
  fc.array(fc.record({ sent: fc.array(transactions, { minLength: 1, maxLength: 6 }), tens: fc.nat(3) }), {
    minLength: 1,
    maxLength: 25,
  })

/** What every test of random cases runs with; it prints the seed of a failure. */
export function runs(numRuns: number): { readonly numRuns: number; readonly endOnFailure: boolean } {
  return { numRuns, endOnFailure: true }
}
