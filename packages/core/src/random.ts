// Random: the numbers handlers draw, a pure function of a seed. sfc32 by Chris Doty-Humphrey (PractRand), seeded by
// 128 bits of FNV-1a-style mixing of the seed text. For identifiers and dice, never for secrets.

/** A seeded generator of 32-bit numbers. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#a = hashText(seed, 0x9e3779b9)
    this.#b = hashText(seed, 0x243f6a88)
    this.#c = hashText(seed, 0xb7e15162)
    for (let round = 0; round < 12; round++) this.#next32()
  }

  /** A number in [0, 1) with 53 random bits. */
  next(): number {
    const high = this.#next32() >>> 5
    const low = this.#next32() >>> 6
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#next32() >>> 24
  }

  /** A version 4 UUID (RFC 9562). */
  uuid(): string {
    const bytes = Buffer.alloc(16)
    this.fill(bytes)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = bytes.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }
}

/** A 32-bit hash of the text's UTF-16 units: FNV-1a with murmur3's finaliser. */
export function hashText(text: string, basis = 0x811c9dc5): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
