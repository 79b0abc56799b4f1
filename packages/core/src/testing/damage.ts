// Damage: bytes as they come back from a bad disk, a bad network or a bad client, and what a format makes of them.

import { MalformedBytes } from '../byte-reader.ts'
import { StreamyError } from '../errors.ts'

/** The bytes with one of them changed, in several ways each, and cut off after every one of them. */
export function* damaged(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    yield bytes.subarray(0, at)
    for (const mask of [0x01, 0x02, 0x10, 0x80, 0xff]) {
      const copy = new Uint8Array(bytes)
      copy[at]! ^= mask
      yield copy
    }
  }
  yield Uint8Array.of(...bytes, 0)
}

type Trip = (bytes: Uint8Array) => Uint8Array

/**
 * What a format makes of bytes: it refuses them, or reads exactly what they say. Anything else is a fault. `trip` reads
 * bytes and writes again what it read.
 */
export function faultIn(bytes: Uint8Array, trip: Trip): string | undefined {
  try {
    return Buffer.compare(trip(bytes), bytes) === 0 ? undefined : 'it was read as what has other bytes'
  } catch (error) {
    return error instanceof MalformedBytes || error instanceof StreamyError ? undefined : `it crashed: ${String(error)}`
  }
}

/** The faults in a format that damage to `bytes` brings to light. */
export function faultsByDamage(bytes: Uint8Array, trip: Trip): string[] {
  return [...damaged(bytes)].flatMap((broken) => {
    const fault = faultIn(broken, trip)
    return fault === undefined ? [] : [`${Buffer.from(broken).toString('hex')}: ${fault}`]
  })
}
