// Messages between workers: what goes in comes out, and noise from the network is refused.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedBytes } from './byte-reader.ts'
import type { Aborted } from './outcome.ts'
import { decodePeerMessage, destinationOf, encodePeerMessage, type PeerMessage, type Vote } from './peer-message.ts'
import { anyDatum, anyOutcome, anyRef } from './testing/any-transaction.ts'
import { faultIn, faultsByDamage } from './testing/damage.ts'

const missed = fc.record({
  kind: fc.constant('missed' as const),
  operation: fc.nat(),
  ref: anyRef,
  mode: fc.constantFrom('read', 'write'),
})
const aborted = anyOutcome.filter((outcome): outcome is Aborted => outcome.kind === 'aborted')
const vote: fc.Arbitrary<Vote> = fc.oneof(
  fc.record({ kind: fc.constant('commit'), results: fc.array(anyDatum, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('fail'), failure: fc.oneof(missed, aborted) }),
  fc.record({ kind: fc.constant('void') }),
)
const records = fc.array(fc.record({ ref: anyRef, bytes: fc.option(fc.uint8Array(), { nil: undefined }) }), {
  maxLength: 3,
})
const body = fc.oneof(
  fc.record({ kind: fc.constant('vote'), vote }),
  fc.record({ kind: fc.constant('values'), records }),
  fc.record({ kind: fc.constant('result'), records }),
  fc.record({ kind: fc.constant('result'), records, fetched: fc.array(anyRef, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('fetch'), ref: anyRef }),
  fc.record({ kind: fc.constant('ask') }),
)
const anyMessage = fc
  .tuple(body, fc.maxSafeNat(), fc.nat(70_000), fc.nat(70_000))
  .map(([rest, position, from, to]) => Object.assign({}, rest, { position, from, to }) as PeerMessage)

describe('a message', () => {
  it('comes back as it went in', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message)
      }),
      { numRuns: 150 },
    )
  })

  it('goes to its receiver, and a question to whom it asks', () => {
    const address = { position: 1, from: 2, to: 3 }
    expect(destinationOf({ ...address, kind: 'vote', vote: { kind: 'void' } })).toBe(3)
    expect(destinationOf({ ...address, kind: 'ask' })).toBe(2)
  })

  it('with any byte changed, or cut off, is refused or exactly another one', () => {
    for (const message of fc.sample(anyMessage, { seed: 1, numRuns: 12 }))
      expect(faultsByDamage(encodePeerMessage(message), trip)).toEqual([])
  })

  it('is refused or exact, whatever bytes there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(faultIn(bytes, trip)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, readonly number[]]>([
    ['of nothing', []],
    ['of an unknown kind', [9, 1, 1, 1]],
    ['with a vote of an unknown kind', [0, 1, 1, 1, 9]],
    ['that aborts with a success', [0, 1, 1, 1, 1, 0, 0]],
    ['that claims more records than it has bytes', [1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['that claims a longer record than it has bytes', [1, 1, 1, 1, 1, 1, 0x61, 1, 0x61, 1, 0xff, 0xff, 0x7f]],
    ['with bytes left over', [4, 1, 1, 1, 0]],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodePeerMessage(Uint8Array.from(bytes))).toThrow(MalformedBytes)
  })
})

function trip(bytes: Uint8Array): Uint8Array {
  return encodePeerMessage(decodePeerMessage(bytes))
}
