// ShapeCache: the keys of objects that were put into stored form or out of it lately, with the bytes in which they stand there.
// A program's values are of few shapes. Keys that are known need not be checked again, nor their text be written or read
// letter by letter, and those that are read are the very strings that the runtime knows the properties of.

import type { ByteReader } from './byte-reader.ts'

/** The keys of an object, in order, and how they are stored. */
export interface Shape {
  readonly keys: readonly string[]
  /** Their count and their texts. */
  readonly bytes: Uint8Array
}

const SHAPES_MAX = 8
/** Larger ones are met seldom, and would be compared for long. */
const BYTES_MAX = 256

/** The shapes met last; the oldest makes way. */
export class ShapeCache {
  readonly #shapes: Shape[] = []
  #oldest = 0

  /** The shape of these keys. */
  withKeys(keys: readonly string[]): Shape | undefined {
    const shapes = this.#shapes
    for (let index = 0; index < shapes.length; index++) if (sameKeys(shapes[index]!.keys, keys)) return shapes[index]
    return undefined
  }

  /** The keys that stand next in what is read, which goes on behind them then. */
  read(reader: ByteReader): readonly string[] | undefined {
    const shapes = this.#shapes
    for (let index = 0; index < shapes.length; index++)
      if (reader.skipIf(shapes[index]!.bytes)) return shapes[index]!.keys
    return undefined
  }

  /** Remembers keys that were checked, with a copy of their bytes. */
  add(keys: readonly string[], bytes: Uint8Array): void {
    if (bytes.length > BYTES_MAX) return
    this.#shapes[this.#oldest] = { keys, bytes: Uint8Array.from(bytes) }
    this.#oldest = (this.#oldest + 1) % SHAPES_MAX
  }
}

/** Whether two objects name the same keys in the same order. */
export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
