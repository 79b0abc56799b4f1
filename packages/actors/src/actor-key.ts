// Keys of actors: what may be one, checked wherever a reference is made.

import { type ActorRef, actorRef, limits, StreamyError } from '@streamy-db/core'

const SHORT_KEY_MAX = 64

/** The reference to the actor `key` of type `type`. Throws KEY_INVALID. */
export function actorRefOf(type: string, key: string): ActorRef {
  if (!isShortAscii(key)) checkKey(type, key)
  return actorRef(type, key)
}

// Nearly every key is short ASCII: looking at its characters is faster than the four checks below.
function isShortAscii(key: string): boolean {
  if (typeof key !== 'string' || key.length === 0 || key.length > SHORT_KEY_MAX) return false
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit === 0 || unit >= 0x80) return false
  }
  return true
}

function checkKey(type: string, key: unknown): void {
  if (typeof key !== 'string') throw keyInvalid(type, `is a ${key === null ? 'null' : typeof key}`, 'Pass a string.')
  if (key.length === 0) throw keyInvalid(type, 'is empty', 'Give every actor a name.')
  // No string takes fewer bytes than it has units, so a huge one is refused before it is looked at.
  const bytes = key.length > limits.keyBytesMax ? key.length : Buffer.byteLength(key)
  if (bytes > limits.keyBytesMax)
    throw keyInvalid(type, `has ${bytes} bytes or more, above the limit of ${limits.keyBytesMax}`, 'Use a hash of it.')
  if (key.includes('\0')) throw keyInvalid(type, 'holds a NUL character', 'Take it out.')
  if (!key.isWellFormed()) throw keyInvalid(type, 'holds a lone surrogate', 'Use well-formed text.')
}

function keyInvalid(type: string, problem: string, advice: string): StreamyError {
  return new StreamyError('KEY_INVALID', `A key of an actor of type ${type} ${problem}. ${advice}`)
}
