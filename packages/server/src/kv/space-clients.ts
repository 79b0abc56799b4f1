// SpaceClients: a client of each key-value space that requests have used lately, since a client remembers what routing
// its writes has taught it.

import { type Kv, kvSpace } from '@streamy-db/kv'
import type { Database } from '@streamy-db/runtime'
import { serverLimits } from '../limits.ts'

/** Clients of spaces, by name. */
export class SpaceClients {
  readonly #db: Database
  readonly #clients = new Map<string, Kv>()

  constructor(db: Database) {
    this.#db = db
  }

  /** The client of a space. Throws OPTIONS_INVALID for a name that is none. */
  get(space: string): Kv {
    const known = this.#clients.get(space)
    if (known !== undefined) return known
    const client = kvSpace(this.#db, space)
    this.#clients.set(space, client)
    for (const oldest of this.#clients.keys()) {
      if (this.#clients.size <= serverLimits.spacesKeptMax) break
      this.#clients.delete(oldest)
    }
    return client
  }
}
