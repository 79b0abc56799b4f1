// PendingRequests: the requests of one session that have no answer, by their sequences, which follow each other: a ring of
// places, so that a call costs one write and one read. No Map: each time one of those makes itself a new table, it leaves the
// old one with all that was in it pointing to the next. The first of them that has become old keeps all later ones alive until
// the collector marks the whole heap, and so every request that was ever pending, which then is copied twice.

import { assert } from '@streamy-db/core'
import type { PendingRequest } from './pending-request.ts'

const PLACES_MIN = 64
// One request that waits for long makes for many places behind it; more than these are given back.
const PLACES_KEPT_MAX = 65_536

/** Requests without an answer, by sequence. */
export class PendingRequests {
  #places: (PendingRequest | undefined)[] = emptyPlaces(PLACES_MIN)
  #count = 0
  /** The lowest sequence that may be pending, and the one behind the highest. */
  #from = 1
  #to = 1

  get count(): number {
    return this.#count
  }

  get(sequence: number): PendingRequest | undefined {
    return sequence < this.#from || sequence >= this.#to
      ? undefined
      : this.#places[sequence & (this.#places.length - 1)]
  }

  /** Adds a request whose sequence is above all before it. */
  add(request: PendingRequest): void {
    const { sequence } = request
    assert(sequence >= this.#to, 'requests come in the order of their sequences')
    if (this.#count === 0) this.#from = sequence
    this.#makeRoom(sequence + 1 - this.#from)
    this.#to = sequence + 1
    this.#places[sequence & (this.#places.length - 1)] = request
    this.#count += 1
  }

  /** Takes a request out; false when it is not in. */
  delete(sequence: number): boolean {
    if (this.get(sequence) === undefined) return false
    this.#places[sequence & (this.#places.length - 1)] = undefined
    this.#count -= 1
    if (sequence === this.#from) this.#passGap()
    return true
  }

  /** All, in the order of their sequences. */
  *values(): Iterable<PendingRequest> {
    for (let sequence = this.#from; sequence < this.#to; sequence++) {
      const request = this.get(sequence)
      if (request !== undefined) yield request
    }
  }

  #passGap(): void {
    if (this.#count > 0) while (this.get(this.#from) === undefined) this.#from += 1
    else {
      this.#from = this.#to
      if (this.#places.length > PLACES_KEPT_MAX) this.#places = emptyPlaces(PLACES_MIN)
    }
  }

  // The places are a power of two, so that a sequence's place is its last bits.
  #makeRoom(needed: number): void {
    const before = this.#places
    if (needed <= before.length) return
    let { length } = before
    while (length < needed) length *= 2
    this.#places = emptyPlaces(length)
    for (let sequence = this.#from; sequence < this.#to; sequence++)
      this.#places[sequence & (length - 1)] = before[sequence & (before.length - 1)]
  }
}

function emptyPlaces(length: number): (PendingRequest | undefined)[] {
  return Array.from({ length }, () => undefined)
}
