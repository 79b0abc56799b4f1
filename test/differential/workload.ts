// Workloads: what one case of the differential proof consists of, and how fast-check makes one up. A workload is plain
// data, so a failing one prints and shrinks; how faults and deliveries interleave follows from `schedule` alone.

import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Vocabulary } from './vocabulary.ts'
import { weighted } from './weighted.ts'

/** One case. */
export interface Workload<Saying> {
  readonly partitions: number
  /** The engine of each partition. */
  readonly placement: readonly number[]
  /** Seeds every choice of the scheduler. */
  readonly schedule: number
  /** Positions that an operator poisoned, as batch and index. */
  readonly skip: readonly (readonly [sequence: number, index: number])[]
  readonly items: readonly Item<Saying>[]
}

/** One thing that the world does to the log. */
export type Item<Saying> =
  | RequestItem<Saying>
  /** The transaction of an earlier item once more, as it was or as another attempt. */
  | { readonly kind: 'repeat'; readonly of: number; readonly lag: number | undefined; readonly attempt: number }
  /** A transaction that claims to be a tell. */
  | { readonly kind: 'forged'; readonly source: number; readonly sequence: number; readonly call: Saying }
  /** A transaction that is void by its own bytes. */
  | { readonly kind: 'broken'; readonly how: number; readonly call: Saying }
  /** An entry that is void as a whole. */
  | { readonly kind: 'garbage'; readonly how: number }
  | { readonly kind: 'tick' }
  /** Log time moves on before the next entry. */
  | { readonly kind: 'jump'; readonly byUs: number }

/** A client's request; its number within the session is that of the item. */
export interface RequestItem<Saying> {
  readonly kind: 'request'
  /** Undefined: no session, where the layout allows it. */
  readonly session: number | undefined
  readonly calls: readonly Saying[]
  readonly asserts: readonly AssertItem[]
  /** Which of the actors that the program would have it declare it does declare. */
  readonly declares: 'all' | 'none' | 'some'
  /** `answeredBelow` counted back from its own number; undefined for none. */
  readonly lag: number | undefined
  /** Whether it was first sent long ago. */
  readonly stale: boolean
}

/** One assert of a request, made true or false when the request is made. */
export interface AssertItem {
  /** Number of the actor among those of the vocabulary. */
  readonly actor: number
  readonly claims: 'current' | 'absent' | 'older'
}

const lag: Arbitrary<number | undefined> = fc.oneof(
  weighted(4, fc.constant(undefined)),
  weighted(3, fc.integer({ min: -1, max: 6 })),
)

/** Workloads of every layout: 1, 2, 3 and 8 partitions on 1 to 4 engines. */
export function workloadOf<Saying>({ saying }: Vocabulary<Saying>): Arbitrary<Workload<Saying>> {
  return fc.tuple(fc.constantFrom(1, 2, 3, 8), fc.integer({ min: 1, max: 4 })).chain(([partitions, engines]) =>
    fc.record({
      partitions: fc.constant(partitions),
      placement: fc.array(fc.nat(engines - 1), { minLength: partitions, maxLength: partitions }),
      schedule: fc.noShrink(fc.nat()),
      skip: fc.array(fc.tuple(fc.integer({ min: 1, max: 15 }), fc.nat(3)), { maxLength: 2 }),
      items: fc.array(itemOf(saying), { maxLength: 30, size: 'max' }),
    }),
  )
}

function requestItem<Saying>(saying: Arbitrary<Saying>): Arbitrary<RequestItem<Saying>> {
  return fc.record({
    kind: fc.constant('request'),
    session: fc.oneof(weighted(9, fc.nat(3)), weighted(1, fc.constant(undefined))),
    calls: fc.oneof(
      weighted(3, fc.array(saying, { minLength: 1, maxLength: 1 })),
      weighted(2, fc.array(saying, { minLength: 1, maxLength: 4 })),
    ),
    asserts: fc.oneof(
      weighted(4, fc.constant([])),
      weighted(
        1,
        fc.array(fc.record({ actor: fc.nat(7), claims: fc.constantFrom('current', 'current', 'absent', 'older') }), {
          maxLength: 3,
        }),
      ),
    ),
    declares: fc.constantFrom('all', 'all', 'none', 'some'),
    lag,
    stale: fc.oneof(weighted(20, fc.constant(false)), weighted(1, fc.constant(true))),
  })
}

function itemOf<Saying>(saying: Arbitrary<Saying>): Arbitrary<Item<Saying>> {
  return fc.oneof(
    weighted(30, requestItem(saying)),
    weighted(
      4,
      fc.record({ kind: fc.constant('repeat'), of: fc.nat(40), lag, attempt: fc.constantFrom(1, 1, 1, 2, 3, 4) }),
    ),
    weighted(1, fc.record({ kind: fc.constant('forged'), source: fc.nat(8), sequence: fc.nat(9000), call: saying })),
    weighted(2, fc.record({ kind: fc.constant('broken'), how: fc.nat(9), call: saying })),
    weighted(1, fc.record({ kind: fc.constant('garbage'), how: fc.nat(4) })),
    weighted(1, fc.record({ kind: fc.constant('tick') })),
    weighted(
      2,
      fc.record({
        kind: fc.constant('jump'),
        byUs: fc.constantFrom(-50_000, 20_000, 61_000_000, 601_000_000, 1_801_000_000, 1_801_000_000),
      }),
    ),
  )
}
