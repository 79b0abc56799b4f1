// PackedChanges: the changes of one flush, checked, with their checksums, as LMDB's binding is going to be given them. A large
// flush has hundreds of thousands, and all have to be there before the first is handed over. They lie end to end in blocks of
// bytes: as objects they would be most of what the process holds, and all of it would have to be collected again.
//
//   record   length of the key (2)  length of the value and 1, or 0 for a deletion (4)  checksum (4)  key  value

import { StreamyError, assert, type StateChange } from '@streamy-db/core'
import { embeddedLimits } from './embedded-limits.ts'
import {
  assertKey,
  checksumOfState,
  printableKey,
  stateKeyEncoder,
  storedKeyBytesMax,
  storedValue,
} from './state-key.ts'

/** A change as it is stored; its bytes are part of a block. */
export interface PackedChange {
  readonly key: Uint8Array
  /** Undefined for a deletion. */
  readonly stored: Uint8Array | undefined
  readonly check: number
}

const BLOCK_BYTES = 1024 * 1024
const HEADER_BYTES = 10

/** Changes in the order in which they were added. */
export class PackedChanges {
  readonly #blocks: Buffer[] = []
  // Of the last block.
  #used = 0
  #count = 0

  /** How many there are. */
  get count(): number {
    return this.#count
  }

  /** Throws KEY_INVALID and VALUE_TOO_LARGE, and has not added it then. */
  add({ key, value }: StateChange): void {
    assertKey(key)
    const stored = value === undefined ? undefined : storedValue(key, checked(key, value))
    const block = this.#room(HEADER_BYTES + Math.min(3 * key.length, storedKeyBytesMax) + (stored?.length ?? 0))
    const start = this.#used
    const keyEnd = stateKeyEncoder.writeKey(key, block, start + HEADER_BYTES)
    block.writeUInt16LE(keyEnd - start - HEADER_BYTES, start)
    block.writeUInt32LE(stored === undefined ? 0 : stored.length + 1, start + 2)
    block.writeUInt32LE(stored === undefined ? 0 : checksumOfState(key, stored), start + 6)
    if (stored !== undefined) block.set(stored, keyEnd)
    this.#used = keyEnd + (stored?.length ?? 0)
    this.#count += 1
  }

  /** All of them; a block is let go of when it was passed. Once. */
  *take(): Iterable<PackedChange> {
    let left = this.#count
    this.#blocks.reverse()
    for (let block = this.#blocks.pop(); block !== undefined; block = this.#blocks.pop()) {
      const inBlock = this.#blocks.length === 0 ? this.#used : block.readUInt32LE(block.length - END_BYTES)
      for (let start = 0; start < inBlock; left--) {
        const keyStart = start + HEADER_BYTES
        const keyEnd = keyStart + block.readUInt16LE(start)
        const size = block.readUInt32LE(start + 2)
        const end = keyEnd + Math.max(0, size - 1)
        const stored = size === 0 ? undefined : block.subarray(keyEnd, end)
        yield { key: block.subarray(keyStart, keyEnd), stored, check: block.readUInt32LE(start + 6) }
        start = end
      }
    }
    assert(left === 0, 'every change that was added was taken')
  }

  // The last block, or a new one where it is full: what was used of a full one is noted at its end.
  #room(bytes: number): Buffer {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#used + bytes + END_BYTES <= last.length) return last
    last?.writeUInt32LE(this.#used, last.length - END_BYTES)
    const block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes + END_BYTES))
    this.#blocks.push(block)
    this.#used = 0
    return block
  }
}

/** At the end of a block: how much of it is used. */
const END_BYTES = 4

function checked(key: string, value: Uint8Array): Uint8Array {
  const limit = embeddedLimits.stateValueBytesMax
  if (value.length <= limit) return value
  throw new StreamyError(
    'VALUE_TOO_LARGE',
    `The value of ${printableKey(key)} has ${value.length} bytes; the limit is ${limit}.`,
  )
}
