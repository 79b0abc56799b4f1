// Trace: what happened in a run, as one hash, and, when somebody looks, as lines. The same seed must give the same hash in
// every process: whatever else would come in would show here.

import { crc32 } from 'node:zlib'

const linesMax = 400_000

/** The events of one run. */
export class Trace {
  readonly #now: () => number
  readonly #keepsLines: boolean
  readonly #lines: string[] = []
  #one = 0x811c9dc5
  #two = 0x9e3779b9

  constructor(now: () => number, keepsLines: boolean) {
    this.#now = now
    this.#keepsLines = keepsLines
  }

  /** Notes an event; `bytes` are hashed, and only counted in the line. */
  note(what: string, bytes?: Uint8Array): void {
    const line = `${this.#now()} ${what}`
    this.#mix(line)
    if (bytes !== undefined) this.#mixNumber(crc32(bytes))
    if (this.#keepsLines && this.#lines.length < linesMax)
      this.#lines.push(bytes === undefined ? line : `${line} (${bytes.length} bytes)`)
  }

  get hash(): string {
    return [this.#one, this.#two].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mixNumber(text.charCodeAt(i))
  }

  #mixNumber(number: number): void {
    this.#one = Math.imul(this.#one ^ number, 0x01000193)
    this.#two = Math.imul(this.#two ^ (number + 0x7f4a7c15), 0x85ebca6b) ^ (this.#two >>> 15)
  }
}
