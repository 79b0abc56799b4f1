// ReplacedValue: what a key of a state store held before a flush replaced it, as it is kept beside the value that took its
// place. Mostly a little of a long value was changed, such as one entry in a page of an index. Then only the stretch that
// differs is kept, and reading it takes the value behind it.
//
//   absent   0
//   whole    1  bytes
//   patch    2  bytes that both begin with (4)  bytes that both end with (4)  what stood between

import { assert } from './errors.ts'

const ABSENT = 0
const WHOLE = 1
const PATCH = 2
const PATCH_HEADER_BYTES = 9

/** What is kept of `before`, which `after` replaces; either may be absent. */
export function encodeReplaced(before: Uint8Array | undefined, after: Uint8Array | undefined): Uint8Array {
  if (before === undefined) return Uint8Array.of(ABSENT)
  if (after !== undefined && before.length > SHORT_BYTES) {
    const start = sharedStart(before, after)
    const end = sharedEnd(before, after, Math.min(before.length, after.length) - start)
    if (start + end >= before.length / 2) return patch(before, start, end)
  }
  const bytes = new Uint8Array(1 + before.length)
  bytes[0] = WHOLE
  bytes.set(before, 1)
  return bytes
}

/** Whether `decodeReplaced` has to be given the value that replaced it. */
export function isPatch(kept: Uint8Array): boolean {
  return kept[0] === PATCH
}

/** What stood there before; `after` is what replaced it. */
export function decodeReplaced(kept: Uint8Array, after: Uint8Array | undefined): Uint8Array | undefined {
  if (kept[0] === ABSENT) return undefined
  if (!isPatch(kept)) return kept.subarray(1)
  const view = new DataView(kept.buffer, kept.byteOffset)
  const [start, end] = [view.getUint32(1, true), view.getUint32(5, true)]
  assert(after !== undefined && start + end <= after.length, 'a patch belongs to the value that stands behind it')
  const between = kept.subarray(PATCH_HEADER_BYTES)
  const bytes = new Uint8Array(start + between.length + end)
  bytes.set(after.subarray(0, start))
  bytes.set(between, start)
  bytes.set(after.subarray(after.length - end), start + between.length)
  return bytes
}

/** Up to which length a value is kept whole: a patch would hardly be shorter. */
const SHORT_BYTES = 64

function patch(before: Uint8Array, start: number, end: number): Uint8Array {
  const between = before.subarray(start, before.length - end)
  const bytes = new Uint8Array(PATCH_HEADER_BYTES + between.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = PATCH
  view.setUint32(1, start, true)
  view.setUint32(5, end, true)
  bytes.set(between, PATCH_HEADER_BYTES)
  return bytes
}

/** Bytes that are compared by one call into the runtime: what is left is compared one by one. */
const BLOCK_BYTES = 256

function sharedStart(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length)
  const [x, y] = [asBuffer(a), asBuffer(b)]
  let shared = 0
  while (shared + BLOCK_BYTES <= most) {
    const end = shared + BLOCK_BYTES
    if (x.compare(y, shared, end, shared, end) !== 0) break
    shared = end
  }
  while (shared < most && a[shared] === b[shared]) shared += 1
  return shared
}

function sharedEnd(a: Uint8Array, b: Uint8Array, most: number): number {
  const [x, y] = [asBuffer(a), asBuffer(b)]
  let shared = 0
  while (shared + BLOCK_BYTES <= most) {
    const [endA, endB] = [a.length - shared, b.length - shared]
    if (x.compare(y, endB - BLOCK_BYTES, endB, endA - BLOCK_BYTES, endA) !== 0) break
    shared += BLOCK_BYTES
  }
  while (shared < most && a[a.length - 1 - shared] === b[b.length - 1 - shared]) shared += 1
  return shared
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
