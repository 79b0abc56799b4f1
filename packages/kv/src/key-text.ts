// Encoded keys as text: the form in which they are keys of actors and items of the ordered index. Each byte becomes one
// character of Latin-1, and none becomes NUL, so text compares as the bytes do, by JavaScript's `<` as well as by UTF-8,
// stays one byte a character in memory, and stays readable: `users` is `users`.
//
//   00 … 1D  the next character          20 … FF  the character itself
//   1E, 1F   1F 01, 1F 02
//
// A character above 7E takes two bytes in a log or a store. A denser mapping exists, but none that is as readable.

import { limits } from '@streamy-db/core'
import type { KvKey, KvKeyPart } from './kv-key.ts'
import { kvLimits } from './limits.ts'
import { checkKey, decodeTuple, encodePart, keyInvalid, keyTooLarge } from './tuple-codec.ts'

const ESCAPE = 0x1f
const plain = /^[\x20-\x7e]*$/
// `type/tree/0/` at most: what stands in front of a key's text in the key of an index node.
const frameBytesMax = kvLimits.spaceNameBytesMax + 16

/** The text of a key. Throws KEY_INVALID. */
export function textOfKey(key: KvKey): string {
  checkKey(key)
  if (key.length === 0) throw keyInvalid('is empty', 'Give it at least one part.')
  const text = textOfParts(key)
  if (2 * text.length > limits.keyBytesMax - frameBytesMax) checkSize(text)
  return text
}

/** The text of a key of any number of parts, whatever its length: what keys under a prefix begin with. */
export function textOfParts(key: KvKey): string {
  let text = ''
  for (let index = 0; index < key.length; index++) {
    const part = key[index]!
    // Most parts are plain ASCII, whose text is the part between the characters of its type and its end.
    text += typeof part === 'string' && plain.test(part) ? `\x03${part}\x01` : textOfBytes(encodePart(part, index))
  }
  return text
}

/** The key whose text this is. Throws KEY_INVALID. */
export function keyOfText(text: string): KvKeyPart[] {
  return decodeTuple(bytesOfText(text))
}

/** Bytes as text. */
export function textOfBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x20) text += String.fromCharCode(byte)
    else if (byte < 0x1e) text += String.fromCharCode(byte + 1)
    else text += String.fromCharCode(ESCAPE, byte - 0x1d)
  }
  return text
}

/** The bytes whose text this is. Throws KEY_INVALID for other text. */
export function bytesOfText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x20 && unit <= 0xff) bytes[length++] = unit
    else if (unit > 0 && unit < ESCAPE) bytes[length++] = unit - 1
    else bytes[length++] = escaped(unit, text.charCodeAt(++index))
  }
  return bytes.subarray(0, length)
}

function escaped(escape: number, unit: number): number {
  if (escape === ESCAPE && (unit === 1 || unit === 2)) return unit + 0x1d
  throw keyInvalid('in the form of text holds a character that none has', 'Pass the text as it was given.')
}

function checkSize(text: string): void {
  const bytes = bytesOfText(text).length
  if (bytes > kvLimits.keyBytesMax) throw keyTooLarge(bytes)
  const stored = Buffer.byteLength(text) + frameBytesMax
  if (stored <= limits.keyBytesMax) return
  throw keyInvalid(
    `of ${bytes} bytes takes ${stored} as text, above the limit of ${limits.keyBytesMax}`,
    'Bytes above 7E take two: use a hash of its long parts.',
  )
}
