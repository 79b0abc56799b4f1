// Keys of the state store as LMDB keeps them. LMDB limits a key to 1978 bytes, the contract to 5,016: a longer key is
// kept as its head, a byte that UTF-8 never has, and the SHA-256 of the whole. The whole key then stands before the
// value, so that a scan can tell it and a collision would be seen rather than believed.
//
//   key up to 1024 bytes:  key                            value
//   longer:                head (1024)  FF  hash (32)     length (4)  key  value

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { StreamyError } from '@streamy-db/core'
import { embeddedLimits } from './embedded-limits.ts'

const headBytes = 1024
const mark = 0xff
const lengthBytes = 4
/** What a key takes as it is stored, at most. */
export const storedKeyBytesMax = headBytes + 1 + 32
/** A UTF-16 unit is at most three bytes of UTF-8, so a string this short needs no counting. */
const surelyShort = Math.floor(headBytes / 3)

/** How keys are written and read, as LMDB's binding wants it; an array is written as it is. */
export const stateKeyEncoder = {
  writeKey(key: string | Uint8Array, target: Buffer, start: number): number {
    if (typeof key !== 'string') {
      target.set(key, start)
      return start + key.length
    }
    if (!isLongKey(key)) return start + target.write(key, start, 'utf8')
    const stored = storedLongKey(Buffer.from(key))
    target.set(stored, start)
    return start + stored.length
  },

  /** The key as it is stored: what a scan compares and {@link originalEntry} decodes. */
  readKey(source: Uint8Array, start: number, end: number): Buffer {
    return Buffer.from(source.subarray(start, end))
  },
}

/** Throws KEY_INVALID unless the store can hold `key`. */
export function assertKey(key: string): void {
  const tooLong =
    key.length * 3 > embeddedLimits.stateKeyBytesMax && Buffer.byteLength(key) > embeddedLimits.stateKeyBytesMax
  if (key.length > 0 && !tooLong && !key.includes('\0')) return
  const limit = embeddedLimits.stateKeyBytesMax
  throw new StreamyError(
    'KEY_INVALID',
    `A key of the state store has 1 to ${limit} UTF-8 bytes and no NUL; this one has ${key.length} characters.`,
  )
}

/** A key as messages show it. */
export function printableKey(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)
}

/** Whether the key is stored by its hash, with the whole key before the value. */
export function isLongKey(key: string): boolean {
  return key.length > surelyShort && Buffer.byteLength(key) > headBytes
}

/** The value as it is stored under `key`. */
export function storedValue(key: string, value: Uint8Array): Uint8Array {
  if (!isLongKey(key)) return value
  const keyBytes = Buffer.from(key)
  const length = Buffer.allocUnsafe(lengthBytes)
  length.writeUInt32LE(keyBytes.length, 0)
  return Buffer.concat([length, keyBytes, value])
}

/** The key and value that are stored as these two, or undefined when they do not belong together. */
export function originalEntry(
  storedKey: Buffer,
  stored: Uint8Array,
): { readonly key: string; readonly value: Uint8Array } | undefined {
  if (storedKey[headBytes] !== mark) return { key: storedKey.toString(), value: stored }
  if (stored.length < lengthBytes) return undefined
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  const keyEnd = lengthBytes + buffer.readUInt32LE(0)
  const key = buffer.subarray(lengthBytes, keyEnd)
  if (!storedLongKey(key).equals(storedKey)) return undefined
  return { key: key.toString(), value: stored.subarray(keyEnd) }
}

/** The checksum of a stored value. It covers the key: a value that turns up under another key is not valid there. */
export function checksumOfState(key: string, stored: Uint8Array): number {
  return crc32(stored, crc32(key))
}

/** What every stored key begins with when the key begins with `prefix`. */
export function storedPrefix(prefix: string): Buffer {
  return Buffer.from(prefix).subarray(0, headBytes)
}

function storedLongKey(key: Buffer): Buffer {
  return Buffer.concat([key.subarray(0, headBytes), Buffer.of(mark), createHash('sha256').update(key).digest()])
}
