// KeyTable: finds things by their keys, like a Map, for keys that were just made. A Map asks the runtime for the hash of a string,
// which costs as much as a small query where the string is new, as it is with nearly every call. Here the hash is taken in
// place. Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4), at most half full.
//
// A key that finds no place near its own, as keys do that somebody has chosen to collide, is kept in a Map, and so is a long one.

const SLOTS_MIN = 16
/** How far from its own place a key may be. */
const PROBES_MAX = 32
const KEY_LENGTH_MAX = 128

/** What is found by its key. */
export interface Keyed {
  readonly key: string
}

/** Things by their keys, each key once. */
export class KeyTable<Item extends Keyed> {
  // Of the item in the same slot; 0 where there is none.
  #hashes = new Int32Array(SLOTS_MIN)
  #items: (Item | undefined)[] = Array.from({ length: SLOTS_MIN })
  #inSlots = 0
  readonly #others = new Map<string, Item>()
  // Where `next` stands: at a slot, and behind the last one among the others.
  #hand = 0
  #othersLeft: Iterator<Item> | undefined = undefined
  #tookRound = false

  get size(): number {
    return this.#inSlots + this.#others.size
  }

  get(key: string): Item | undefined {
    const slot = this.#find(key)
    if (slot >= 0) return this.#items[slot]
    return this.#others.size === 0 ? undefined : this.#others.get(key)
  }

  /** Adds an item whose key is not there. */
  add(item: Item): void {
    const { key } = item
    if (key.length > KEY_LENGTH_MAX) {
      this.#others.set(key, item)
      return
    }
    if (this.#inSlots * 2 >= this.#hashes.length) this.#resize(this.#hashes.length * 2)
    this.#place(hashOfKey(key), item)
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const slot = this.#find(key)
    if (slot < 0) return this.#others.delete(key)
    this.#empty(slot)
    if (this.#inSlots * 16 < this.#hashes.length && this.#hashes.length > SLOTS_MIN)
      this.#resize(this.#hashes.length / 4)
    return true
  }

  /**
   * The next of a walk through all that are there, which begins anew at its end; undefined where there is none nearby. What
   * is added or taken out meanwhile may be met twice or not at all in this round.
   */
  next(): Item | undefined {
    if (this.#othersLeft !== undefined) return this.#nextOther(this.#othersLeft)
    const end = Math.min(this.#hand + PROBES_MAX, this.#items.length)
    while (this.#hand < end) {
      const item = this.#items[this.#hand++]
      if (item !== undefined) return item
    }
    if (end === this.#items.length) this.#othersLeft = this.#others.values()
    return undefined
  }

  /** Whether the walk came to its end since this was asked last. */
  tookRound(): boolean {
    const tookRound = this.#tookRound
    this.#tookRound = false
    return tookRound
  }

  #nextOther(left: Iterator<Item>): Item | undefined {
    const { done, value } = left.next()
    if (done !== true) return value
    this.#othersLeft = undefined
    this.#hand = 0
    this.#tookRound = true
    return undefined
  }

  // -1 when it is in no slot.
  #find(key: string): number {
    if (key.length > KEY_LENGTH_MAX) return -1
    const hashes = this.#hashes
    const mask = hashes.length - 1
    const hash = hashOfKey(key)
    for (let probe = hash & mask, end = probe + PROBES_MAX; probe < end; probe++) {
      const slot = probe & mask
      if (hashes[slot] === 0) return -1
      if (hashes[slot] === hash && this.#items[slot]!.key === key) return slot
    }
    return -1
  }

  // What stands behind it closes up, unless it would come before its own place: a search ends at an empty slot.
  #empty(emptied: number): void {
    const hashes = this.#hashes
    const mask = hashes.length - 1
    let gap = emptied
    for (let slot = (gap + 1) & mask; hashes[slot] !== 0; slot = (slot + 1) & mask) {
      if (((slot - hashes[slot]!) & mask) < ((slot - gap) & mask)) continue
      hashes[gap] = hashes[slot]!
      this.#items[gap] = this.#items[slot]
      gap = slot
    }
    hashes[gap] = 0
    this.#items[gap] = undefined
    this.#inSlots -= 1
  }

  #place(hash: number, item: Item): void {
    const hashes = this.#hashes
    const mask = hashes.length - 1
    for (let slot = hash & mask, end = slot + PROBES_MAX; slot < end; slot++) {
      if (hashes[slot & mask] !== 0) continue
      hashes[slot & mask] = hash
      this.#items[slot & mask] = item
      this.#inSlots += 1
      return
    }
    this.#others.set(item.key, item)
  }

  #resize(slots: number): void {
    const [hashes, items] = [this.#hashes, this.#items]
    this.#hashes = new Int32Array(slots)
    this.#items = Array.from({ length: slots })
    this.#inSlots = 0
    for (let slot = 0; slot < hashes.length; slot++) if (hashes[slot] !== 0) this.#place(hashes[slot]!, items[slot]!)
  }
}

// FNV-1a (Fowler, Noll and Vo) over UTF-16 units, with the finish of MurmurHash3 (Appleby), without which the low bits hardly
// differ. Never 0.
/** @internal For the test, which makes keys collide. */
export function hashOfKey(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return hash === 0 ? 1 : hash
}
