// Mutations: what becomes of good bytes on their way through a bad disk, a bad network or the hands of somebody who knows
// the format. Each is data, so that fast-check shrinks a list of them and prints what is left.

import { unreachable } from '@streamy-db/core'
import * as fc from 'fast-check'

/** One change of some bytes; places are shares of their length, so that it fits bytes of any length. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'extend'; readonly tail: Uint8Array }
  /** Bytes from one place again at another: headers within bodies, lengths where data were. */
  | { readonly kind: 'copy'; readonly from: number; readonly at: number; readonly length: number }
  /** A number as large as a varint can be: lengths and counts that nothing could hold. */
  | { readonly kind: 'swell'; readonly at: number }

const place = fc.double({ min: 0, max: 1, noNaN: true })
const byte = fc.nat(255)

/** Any of them. */
export const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip'), at: place, mask: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128, 255) }),
  fc.record({ kind: fc.constant('set'), at: place, value: byte }),
  fc.record({ kind: fc.constant('cut'), at: place }),
  fc.record({ kind: fc.constant('extend'), tail: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant('copy'), from: place, at: place, length: fc.nat(40) }),
  fc.record({ kind: fc.constant('swell'), at: place }),
)

/** A short list of them; most faults need no more than one. */
export const anyMutations = fc.array(anyMutation, { minLength: 1, maxLength: 4 })

/** The bytes after all of these, which it leaves as they are. */
export function mutated(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce(mutate, bytes)
}

const largestVarint = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)

function mutate(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  switch (mutation.kind) {
    case 'flip':
      return changed(bytes, mutation.at, (value) => value ^ mutation.mask)
    case 'set':
      return changed(bytes, mutation.at, () => mutation.value)
    case 'cut':
      return bytes.slice(0, placeIn(bytes, mutation.at))
    case 'extend':
      return joined(bytes, mutation.tail)
    case 'copy': {
      const from = placeIn(bytes, mutation.from)
      return written(bytes, mutation.at, bytes.slice(from, from + mutation.length))
    }
    case 'swell':
      return written(bytes, mutation.at, largestVarint)
    default:
      return unreachable(mutation)
  }
}

function placeIn(bytes: Uint8Array, share: number): number {
  return Math.min(bytes.length, Math.floor(share * (bytes.length + 1)))
}

function changed(bytes: Uint8Array, share: number, change: (value: number) => number): Uint8Array {
  const copy = bytes.slice()
  const at = placeIn(bytes, share)
  if (at < copy.length) copy[at] = change(copy[at]!)
  return copy
}

function written(bytes: Uint8Array, share: number, part: Uint8Array): Uint8Array {
  const at = placeIn(bytes, share)
  return joined(bytes.slice(0, at), part, bytes.slice(at + part.length))
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
