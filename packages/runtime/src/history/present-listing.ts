// PresentListing: every actor of some types as of a boundary of a history, as if each had come into being with its last
// write. The keys are listed at once; the records are read as they are wanted.

import {
  decodeActorRecord,
  endOfBatch,
  keyPrefixes,
  limits,
  partitionPrefix,
  refOfId,
  type Boundary,
  type Commit,
  type Position,
  type Program,
  type StateHistory,
  type StateStore,
} from '@streamy-db/core'

/** What is listed, and from what. */
export interface PresentListingOptions {
  readonly program: Program
  readonly partitions: number
  readonly history: StateHistory
}

/** The actors of a boundary. */
export class PresentListing {
  readonly position: Position
  readonly #program: Program
  readonly #boundary: Boundary
  readonly #store: StateStore
  readonly #found: { readonly key: string; readonly id: string }[] = []

  constructor({ program, partitions, history }: PresentListingOptions, boundary: Boundary, types: Iterable<string>) {
    this.position = endOfBatch(boundary.sequence)
    this.#program = program
    this.#boundary = boundary
    this.#store = history.at(boundary)
    for (const type of types)
      for (let partition = 0; partition < partitions; partition++) {
        const prefix = partitionPrefix(keyPrefixes.actor, partition)
        for (const { key } of this.#store.scan(`${prefix}${type}/`))
          this.#found.push({ key, id: key.slice(prefix.length) })
      }
  }

  /** How many there are. */
  get length(): number {
    return this.#found.length
  }

  /** Some of them, from a place on. Throws HISTORY_TRIMMED. */
  read(start: number, end = start + limits.commitsAtOnceMax): Commit[] {
    return this.#found.slice(start, end).map(({ key, id }) => this.#read(key, id))
  }

  #read(key: string, id: string): Commit {
    const ref = refOfId(id)
    // It was there when it was listed. Bytes of a store are only lent.
    const after = decodeActorRecord(this.#program, ref, Uint8Array.from(this.#store.get(key)!))
    return { position: after.version, logTime: this.#boundary.logTime, ref, before: undefined, after }
  }
}
