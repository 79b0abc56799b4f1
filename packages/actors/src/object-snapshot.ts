// ObjectSnapshot: what an object and everything within it looked like at one moment, kept so that it can be compared
// and put back in place. Whoever holds a reference to any part of it sees the old contents again after `restore`:
// that is what undoing a nested call takes when the outer handler already holds the object.
//
// It knows the kinds of object that state is made of: plain objects, arrays, Map, Set, Date, Uint8Array. It does not
// look into anything else, which could not be stored anyway.

import type { Packed } from '@streamy-db/core'

interface Part {
  changed(): boolean
  restore(): void
}

/** An object graph as of one moment. */
export class ObjectSnapshot {
  readonly root: object
  /** What `root` came out of just then; undefined when it was there before. */
  readonly stored: Packed | undefined
  readonly #parts: Part[] = []

  constructor(root: object, stored?: Packed) {
    this.root = root
    this.stored = stored
    const seen = new Set<object>([root])
    const add = (value: unknown): void => {
      if (typeof value === 'object' && value !== null) seen.add(value)
    }
    // A set visits what is added while it is being visited, each object once: cycles end.
    for (const object of seen) {
      const part = partOf(object, add)
      if (part !== undefined) this.#parts.push(part)
    }
  }

  /** Whether anything within differs from what it was, by identity. */
  changed(): boolean {
    return this.#parts.some((part) => part.changed())
  }

  /** Puts everything back as it was, in place. */
  restore(): void {
    for (const part of this.#parts) if (part.changed()) part.restore()
  }
}

function partOf(object: object, add: (value: unknown) => void): Part | undefined {
  if (Array.isArray(object)) return arrayPart(object, add)
  if (object instanceof Map) return mapPart(object, add)
  if (object instanceof Set) return setPart(object, add)
  if (object instanceof Date) return datePart(object)
  if (object instanceof Uint8Array) return bytesPart(object)
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === null) return plainPart(object as Record<string, unknown>, add)
  return undefined
}

function arrayPart(array: unknown[], add: (value: unknown) => void): Part {
  const items = array.slice()
  items.forEach(add)
  return {
    changed: () => !sameItems(array, items),
    restore() {
      array.length = 0
      for (const item of items) array.push(item)
    },
  }
}

function plainPart(object: Record<string, unknown>, add: (value: unknown) => void): Part {
  const keys = Object.keys(object)
  const values = keys.map((key) => object[key])
  values.forEach(add)
  return {
    changed: () => {
      const now = Object.keys(object)
      return !sameItems(now, keys) || keys.some((key, index) => !Object.is(object[key], values[index]))
    },
    restore() {
      for (const key of Object.keys(object)) delete object[key]
      keys.forEach((key, index) => (object[key] = values[index]))
    },
  }
}

function mapPart(map: Map<unknown, unknown>, add: (value: unknown) => void): Part {
  const keys = [...map.keys()]
  const values = [...map.values()]
  keys.forEach(add)
  values.forEach(add)
  return {
    changed: () => !sameItems([...map.keys()], keys) || !sameItems([...map.values()], values),
    restore() {
      map.clear()
      keys.forEach((key, index) => map.set(key, values[index]))
    },
  }
}

function setPart(set: Set<unknown>, add: (value: unknown) => void): Part {
  const items = [...set]
  items.forEach(add)
  return {
    changed: () => !sameItems([...set], items),
    restore() {
      set.clear()
      for (const item of items) set.add(item)
    },
  }
}

function datePart(date: Date): Part {
  const time = date.getTime()
  return { changed: () => !Object.is(date.getTime(), time), restore: () => void date.setTime(time) }
}

function bytesPart(bytes: Uint8Array): Part {
  const copy = new Uint8Array(bytes)
  return { changed: () => Buffer.compare(bytes, copy) !== 0, restore: () => bytes.set(copy) }
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => Object.is(item, b[index]))
}
