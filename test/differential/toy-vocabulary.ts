// The vocabulary of toy actors: scripts of every kind (`toy-script.ts` in the core), so that what is proved rests on no
// habit of any application.

import { actorRef, type ActorRef, type Call } from '@streamy-db/core'
import { lookCall, reachOf, scriptCall, ToyProgram, toyRef, type Script, type Step } from '@streamy-db/core/testing'
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Vocabulary } from './vocabulary.ts'
import { weighted } from './weighted.ts'

/** One message to a toy actor. */
export interface ToySaying {
  readonly key: string
  readonly script: Script
  /** A call that no program knows, or that it cannot read. */
  readonly fault?: 'type' | 'message' | 'arguments'
}

const toyKeys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const

const key = fc.constantFrom(...toyKeys)
const value = fc.oneof(
  fc.integer({ min: -5, max: 300 }),
  fc.constantFrom<unknown>('', 'text', 'ü', null, undefined, true, 0.5, -0, Number.NaN, 12n, [], [1, [2]]),
)
const delayUs = fc.constantFrom(0, 1, 1000, 5000, 20_000, 60_000_000, 700_000_000)

const leaf: Arbitrary<Step> = fc.oneof(
  weighted(5, fc.tuple(fc.constant('add' as const), fc.integer({ min: -3, max: 5 }))),
  weighted(3, fc.tuple(fc.constant('append' as const), value)),
  weighted(3, fc.tuple(fc.constant('look' as const), key)),
  weighted(1, fc.constant<Step>(['clear'])),
  weighted(1, fc.constant<Step>(['random'])),
  weighted(1, fc.constant<Step>(['clock'])),
  weighted(1, fc.constant<Step>(['destroy'])),
  weighted(1, fc.tuple(fc.constant('cancel' as const), fc.nat(3))),
  weighted(1, fc.tuple(fc.constant('return' as const), value)),
  weighted(1, fc.tuple(fc.constant('throw' as const), fc.constantFrom('oops', ''))),
  weighted(1, fc.constant<Step>(['spoil'])),
)

const { script } = fc.letrec<{ script: Script; step: Step }>((tie) => ({
  script: fc.array(tie('step'), { maxLength: 4, depthIdentifier: 'script' }),
  step: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'script' },
    weighted(12, leaf),
    weighted(4, fc.tuple(fc.constant('call' as const), key, tie('script'))),
    weighted(2, fc.tuple(fc.constant('try' as const), key, tie('script'))),
    weighted(1, fc.tuple(fc.constant('ifOdd' as const), tie('script'))),
    weighted(1, fc.tuple(fc.constant('callPicked' as const), fc.array(key, { maxLength: 3 }), tie('script'))),
    weighted(
      2,
      fc
        .tuple(key, tie('script'), fc.boolean())
        .map(([to, inner, declares]): Step => ['tell', to, inner, declares ? reachOf(inner) : []]),
    ),
    weighted(
      2,
      fc
        .tuple(delayUs, tie('script'), fc.boolean())
        .map(([delay, inner, declares]): Step => ['timer', delay, inner, declares ? reachOf(inner) : []]),
    ),
    weighted(
      1,
      fc
        .tuple(fc.constantFrom(2, 3, 70), delayUs, leaf)
        .map(([count, delay, inner]): Step => ['timers', count, delay, [inner]]),
    ),
  ),
}))

// Reaches so many actors that it takes every attempt to find them, unless they are declared.
const tour: Arbitrary<Script> = fc
  .tuple(
    fc.shuffledSubarray([...toyKeys], { minLength: 3, maxLength: 6 }),
    script,
    fc.constantFrom('call', 'callPicked', 'look'),
  )
  .map(([keys, inner, how]) =>
    keys.map((to, i): Step => {
      if (how === 'look') return ['look', to]
      return how === 'call' ? ['call', to, inner] : ['callPicked', [to, keys[(i + 1) % keys.length]!], [['add', 1]]]
    }),
  )

const saying: Arbitrary<ToySaying> = fc.oneof(
  weighted(30, fc.record({ key, script })),
  weighted(4, fc.record({ key, script: tour })),
  weighted(1, fc.record({ key, script, fault: fc.constantFrom('type', 'message', 'arguments') })),
)

/** Toy actors. */
export const toyVocabulary: Vocabulary<ToySaying> = {
  name: 'toy actors',
  program: () => new ToyProgram(),
  saying,
  callOf,
  refs: toyKeys.map(toyRef),
  queries: (refs: readonly ActorRef[]) => {
    const keys = refs.map((ref) => ref.key)
    return keys.map((one) => lookCall(one, keys))
  },
}

function callOf({ key: to, script: steps, fault }: ToySaying): Call {
  const call = scriptCall(to, steps, reachOf(steps))
  switch (fault) {
    case 'type':
      return { ...call, ref: actorRef('ghost', to) }
    case 'message':
      return { ...call, message: 'vanish' }
    case 'arguments':
      return { ...call, args: [] }
    default:
      return call
  }
}
