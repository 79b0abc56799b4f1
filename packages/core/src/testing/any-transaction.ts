// Arbitrary transactions, values and the like for property tests of the formats: everything that may be encoded.

import * as fc from 'fast-check'
import { freeze, type Datum } from '../datum.ts'
import { limits } from '../limits.ts'
import type { Outcome } from '../outcome.ts'
import { actorRef, type Transaction } from '../transaction.ts'

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\0', ''))
const name = wellFormed.map((text) => text.replaceAll('/', '')).filter((text) => text.length > 0)
const integer = fc.oneof(fc.nat(200), fc.maxSafeNat())

/** References to actors. */
export const anyRef = fc
  .tuple(
    name,
    wellFormed.filter((text) => text.length > 0),
  )
  .map(([type, key]) => actorRef(type, key))

/** Values in stored form. */
export const anyDatum: fc.Arbitrary<Datum> = fc
  .oneof(
    fc.constantFrom(undefined, null, true, false, -0, NaN, Infinity),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.oneof(fc.integer(), fc.string({ unit: 'grapheme' })), { maxLength: 4 }),
  )
  .map((value) => freeze(value, 'it'))

const request = fc.record({
  session: name,
  sequence: integer,
  suffix: wellFormed,
  answeredBelow: integer,
  seenTime: integer,
})

/** Transactions of every shape. */
export const anyTransaction: fc.Arbitrary<Transaction> = fc.record({
  request: fc.option(request, { nil: undefined }),
  attempt: fc.integer({ min: 1, max: limits.exclusiveAttempt }),
  source: fc.option(fc.nat(500), { nil: undefined }),
  asserts: fc.array(
    fc.record({
      ref: anyRef,
      version: fc.option(integer.map((n) => n + 1).filter(Number.isSafeInteger), { nil: undefined }),
    }),
    {
      maxLength: 3,
    },
  ),
  calls: fc.array(fc.record({ ref: anyRef, message: name, args: fc.array(anyDatum, { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  touches: fc.array(fc.record({ ref: anyRef, mode: fc.constantFrom('read', 'write') }), { maxLength: 3 }),
})

/** Outcomes of both kinds. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('committed'), results: fc.array(anyDatum, { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('aborted'),
    operation: integer,
    error: fc.oneof(
      fc.record({ name: wellFormed, message: wellFormed, data: anyDatum }),
      fc.record({ name: wellFormed, code: wellFormed, message: wellFormed, data: anyDatum }),
    ),
  }),
)
