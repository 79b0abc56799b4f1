// Decodes the first value of an index key, for ids: strings, numbers, bigints, booleans, dates and bytes. Numbers that a
// double holds come back as numbers, others as bigints: within an index they are one kind.

import { keyTags } from './index-key-codec.ts'

/** The value that a key begins with. */
export function decodeKeyValue(bytes: Uint8Array): unknown {
  switch (bytes[0]) {
    case keyTags.number:
      return decodeNumber(bytes)
    case keyTags.string:
      return Buffer.from(unescaped(bytes)).toString('utf8')
    case keyTags.bytes:
      return unescaped(bytes)
    case keyTags.boolean:
      return bytes[1] === 1
    case keyTags.date:
      return new Date(decodeDouble(bytes))
    default:
      return undefined
  }
}

function decodeNumber(bytes: Uint8Array): number | bigint {
  const double = decodeDouble(bytes)
  const rest = bytes[9]
  if (rest === 0) return double
  const magnitude = bytes.subarray(11)
  if (rest === 1) return BigInt(double) + bigintOf(magnitude.subarray(0, bytes[10]!))
  const inverted = magnitude.map((byte) => 0xff - byte)
  return -bigintOf(inverted.subarray(0, 0xff - bytes[10]!))
}

function decodeDouble(bytes: Uint8Array): number {
  const view = new DataView(new ArrayBuffer(8))
  const isPositive = bytes[1]! >= 0x80
  for (let index = 0; index < 8; index++) {
    const byte = bytes[index + 1]!
    view.setUint8(index, isPositive ? (index === 0 ? byte - 0x80 : byte) : 0xff - byte)
  }
  return view.getFloat64(0)
}

function bigintOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function unescaped(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (let index = 1; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (byte === 0 && bytes[index + 1] === 0) break
    out.push(byte)
    if (byte === 0) index += 1
  }
  return Uint8Array.from(out)
}
