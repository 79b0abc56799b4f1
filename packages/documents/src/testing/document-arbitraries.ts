// Random documents, filters, updates, indexes and transactions, drawn from few values, so that they meet each other: equal
// numbers of both kinds, -0, NaN, text beyond the BMP, arrays in arrays.

import * as fc from 'fast-check'
import type { Plain } from '../plain-object.ts'
import type { IndexOptions } from '../catalogue/index-definition.ts'

const scalars: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  fc.constantFrom<unknown>(-0, 0.5, -1.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 60, 1e300),
  fc.constantFrom<unknown>(1n, -2n, 2n ** 60n, 2n ** 60n + 1n, -(2n ** 1100n), 2n ** 1100n),
  fc.constantFrom<unknown>('', 'a', 'ab', 'b', '\0', 'a\0b', 'é', '\u{ffff}', '\u{1f600}', '\u{1f600}a'),
  fc.constantFrom<unknown>(null, true, false),
  fc.integer({ min: -2, max: 2 }).map((milliseconds) => new Date(milliseconds * 1000)),
  fc.constantFrom<unknown>(Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 255), Uint8Array.of(255)),
)

const values: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: scalars },
  fc.array(scalars, { maxLength: 3 }),
  fc.record({ d: scalars }),
  fc.array(fc.record({ d: scalars }), { maxLength: 2 }),
  fc.array(fc.array(scalars, { maxLength: 2 }), { maxLength: 2 }),
)

/** Ids of documents: few, of several kinds. */
export const ids: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  'u1',
  'u2',
  'u3',
  'u\u{1f600}',
  '',
  1,
  -1,
  2.5,
  3n,
  true,
)

const paths = ['a', 'b', 'c.d', 'c', 't', 't.d', 't.0', '_id'] as const

/** Documents. */
export const documents: fc.Arbitrary<Plain> = fc
  .record(
    {
      _id: ids,
      a: values,
      b: scalars,
      c: fc.oneof(fc.record({ d: values }), values),
      t: fc.array(values, { maxLength: 3 }),
    },
    { requiredKeys: ['_id'] },
  )
  .map((document) => document as Plain)

const conditions: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: values },
  fc
    .record({ $gt: scalars, $lt: scalars }, { requiredKeys: [] })
    .filter((condition) => Object.keys(condition).length > 0),
  fc
    .record({ $gte: scalars, $lte: scalars }, { requiredKeys: [] })
    .filter((condition) => Object.keys(condition).length > 0),
  fc.record({ $in: fc.array(values, { maxLength: 4 }) }),
  fc.record({ $nin: fc.array(scalars, { maxLength: 3 }) }),
  fc.record({ $ne: scalars }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $type: fc.constantFrom('number', 'bigint', 'string', 'null', 'array', 'object', 'date') }),
  fc.record({ $not: fc.record({ $gt: scalars }) }),
  fc.record({ $size: fc.nat(3) }),
  fc.record({ $all: fc.array(scalars, { maxLength: 2 }) }),
  fc.record({ $elemMatch: fc.record({ $gte: scalars }) }),
  fc.record({ $mod: fc.constantFrom([2, 0], [2, 1]) }),
  fc.constant({ $regex: '^a|😀' }),
)

const branches: fc.Arbitrary<Plain> = fc
  .array(fc.tuple(fc.constantFrom(...paths), conditions), { maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs))

/** Filters. */
export const filters: fc.Arbitrary<Plain> = fc.oneof(
  { weight: 6, arbitrary: branches },
  fc.record({ _id: ids }),
  fc.record({ $and: fc.array(branches, { minLength: 1, maxLength: 2 }) }),
  fc.record({ $or: fc.array(branches, { minLength: 1, maxLength: 2 }) }),
)

/** Sorts that leave no ties. */
export const sorts: fc.Arbitrary<Readonly<Record<string, 1 | -1>>> = fc
  .array(fc.tuple(fc.constantFrom(...paths), fc.constantFrom(1 as const, -1 as const)), { maxLength: 2 })
  .map((pairs) => withoutTies(Object.fromEntries(pairs)))

function withoutTies(sort: Readonly<Record<string, 1 | -1>>): Readonly<Record<string, 1 | -1>> {
  return Object.hasOwn(sort, '_id') ? sort : { ...sort, _id: 1 }
}

/** Updates. */
export const updates: fc.Arbitrary<Plain> = fc.oneof(
  fc.record({ $set: fc.record({ a: values, b: scalars }, { requiredKeys: ['a'] }) }),
  fc.record({ $set: fc.record({ b: scalars }) }),
  fc.record({ $set: fc.record({ 'c.d': values }) }),
  fc.record({ $unset: fc.constantFrom({ a: 1 }, { 'c.d': 1 }, { b: 1 }) }),
  fc.record({ $inc: fc.constantFrom({ a: 1 }, { b: -1 }) }),
  fc.record({ $push: fc.record({ t: scalars }) }),
  fc.record({ $addToSet: fc.record({ t: fc.integer({ min: -2, max: 2 }) }) }),
  fc.record({ $pull: fc.record({ t: fc.record({ $gt: fc.integer({ min: -2, max: 2 }) }) }) }),
  fc.record({ $rename: fc.constant({ a: 'b' }) }),
  fc.record({ $set: fc.record({ a: scalars }), $setOnInsert: fc.record({ b: scalars }) }),
)

/** A write as the model and the layer both take it. */
export type RandomWrite =
  | { readonly kind: 'insert'; readonly document: Plain }
  | {
      readonly kind: 'update'
      readonly filter: Plain
      readonly update: Plain
      readonly many: boolean
      readonly sort: Readonly<Record<string, 1 | -1>>
      readonly upsert: boolean
    }
  | {
      readonly kind: 'replace'
      readonly filter: Plain
      readonly document: Plain
      readonly sort: Readonly<Record<string, 1 | -1>>
      readonly upsert: boolean
    }
  | {
      readonly kind: 'delete'
      readonly filter: Plain
      readonly many: boolean
      readonly sort: Readonly<Record<string, 1 | -1>>
    }

const writes: fc.Arbitrary<RandomWrite> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), document: documents }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      filter: filters,
      update: updates,
      many: fc.boolean(),
      sort: sorts,
      upsert: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant('replace' as const),
    filter: filters,
    document: documents.map(({ _id, ...document }) => document),
    sort: sorts,
    upsert: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('delete' as const), filter: filters, many: fc.boolean(), sort: sorts }),
)

/** Writes that are one transaction; most are alone. */
export const transactions: fc.Arbitrary<readonly RandomWrite[]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(writes) },
  fc.array(writes, { minLength: 1, maxLength: 4 }),
)

/** Indexes by the names that they are declared with. */
export const indexPool: Readonly<Record<string, IndexOptions>> = {
  byA: { keys: { a: 1 } },
  byADown: { keys: { a: -1 } },
  byAB: { keys: { a: 1, b: -1 } },
  byBA: { keys: { b: 1, a: 1 } },
  byCD: { keys: { 'c.d': 1 } },
  byT: { keys: { t: -1 } },
  byTD: { keys: { 't.d': 1, b: 1 } },
  sparseB: { keys: { b: 1 }, sparse: true },
  someA: { keys: { b: -1 }, where: { a: { $gte: 0 } } },
  hasA: { keys: { a: 1, 'c.d': -1 }, where: { a: { $exists: true } } },
}

/** Unique indexes by their names. */
export const uniquePool: Readonly<Record<string, IndexOptions>> = {
  uniqueB: { keys: { b: 1 }, unique: true, sparse: true },
  uniqueAC: { keys: { a: 1, 'c.d': -1 }, unique: true },
  uniqueT: { keys: { t: 1 }, unique: true, where: { t: { $exists: true } } },
}

/** Some of the indexes of a pool. */
export function someOf(
  pool: Readonly<Record<string, IndexOptions>>,
): fc.Arbitrary<Readonly<Record<string, IndexOptions>>> {
  return fc.subarray(Object.keys(pool)).map((names) => Object.fromEntries(names.map((name) => [name, pool[name]!])))
}

/** A query. */
export interface RandomQuery {
  readonly filter: Plain
  readonly sort: Readonly<Record<string, 1 | -1>> | undefined
  readonly skip: number
  readonly limit: number | undefined
}

/** Queries. */
export const queries: fc.Arbitrary<RandomQuery> = fc.record({
  filter: filters,
  sort: fc.option(sorts, { nil: undefined }),
  skip: fc.constantFrom(0, 0, 1),
  limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
})
